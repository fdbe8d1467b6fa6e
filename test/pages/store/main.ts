import { lab, type Lab } from './lab';

declare global {
  interface Window {
    lab: Lab;
    store: Awaited<ReturnType<Lab['openStore']>>;
  }
}

window.lab = lab;
