// Serves the built page from one folder, on the loopback interface unless told otherwise.
import { createServer, type RequestListener, type Server } from 'node:http';
import sirv from 'sirv';

export interface ServeOptions {
  dir: string;
  port: number;
  host?: string;
  /** Cross-origin isolation: lets wasm use several threads. Plain static hosts have none, so tests serve both ways. */
  isolate?: boolean;
  /** Further folders, by the path they are served under. */
  beside?: Record<string, string>;
  /** What answers under paths of its own (a path and all below it); made once the port is known, and never given a static file's headers. */
  mount?: (port: number) => Promise<Mounted>;
}

export interface Mounted {
  paths: readonly string[];
  listener: RequestListener;
  close(): Promise<void>;
}

export interface Served {
  url: string;
  close(): Promise<void>;
}

/** @throws Error with code EADDRINUSE when the port is taken. */
export async function serve({ dir, port, host = 'localhost', isolate = true, beside = {}, mount }: ServeOptions): Promise<Served> {
  const options: Parameters<typeof sirv>[1] = {
    etag: true,
    gzip: false,
    setHeaders(response, pathname) {
      // Hashed names never change; everything else is asked for again, so that a rebuilt page is seen at once.
      response.setHeader('Cache-Control', pathname.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
      response.setHeader('X-Content-Type-Options', 'nosniff');
      response.setHeader('Referrer-Policy', 'no-referrer');
      response.setHeader('Content-Security-Policy', "frame-ancestors 'none'"); // the one rule that <meta> cannot set
      if (!isolate) return;
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    },
  };
  const files = sirv(dir, options);
  const others = Object.entries(beside).map(([path, folder]) => ({ path: `${path}/`, files: sirv(folder, options) }));
  let mounted: Mounted | null = null;
  const server: Server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    if (mounted?.paths.some(own => path === own || path.startsWith(`${own}/`))) return mounted.listener(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end('Only GET and HEAD are served here.\n');
      return;
    }
    const other = others.find(({ path }) => request.url?.startsWith(path));
    if (other) request.url = request.url!.slice(other.path.length - 1);
    (other?.files ?? files)(request, response, () => {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not found.\n');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  try {
    mounted = (await mount?.(address.port)) ?? null;
  } catch (error) {
    server.close();
    throw error;
  }
  return {
    url: `http://${host}:${address.port}/`,
    async close() {
      await mounted?.close();
      await new Promise<void>((resolve, reject) => {
        server.close(error => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      });
    },
  };
}
