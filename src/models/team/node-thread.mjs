// What a thread of Node starts with: it does not read TypeScript by itself, whatever its parent does.
import { register } from 'tsx/esm/api';

register();
await import('./node.worker.ts');
