import { mount } from 'svelte';
import Screen from './Screen.svelte';
import '../../../src/ui/look/look.css';
import '../../../src/ui/app/app.css';

mount(Screen, { target: document.getElementById('app')! });
