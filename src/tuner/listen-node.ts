// A socket in front of the endpoint. It listens first and is told its app after, since the app must know its port.
import { getRequestListener } from '@hono/node-server';
import { createServer, type RequestListener } from 'node:http';

/**
 * What Node's server calls for a function from Request to Response.
 * @param fetch is told the address at the other end of the socket: the only word on who asks that is not the asker's own
 */
export const asListener = (fetch: (request: Request, peer: string | undefined) => Promise<Response>): RequestListener => {
  const answer: Parameters<typeof getRequestListener>[0] = (request, { incoming }) => fetch(request, incoming.socket.remoteAddress);
  const listener = getRequestListener(answer, { overrideGlobalObjects: false });
  return (request, response) => void listener(request, response);
};

export interface Listening {
  port: number;
  /** Until then every request is answered 503. */
  mount(listener: RequestListener): void;
  /** Ends open connections too: streams of events have no end of their own. */
  close(): Promise<void>;
}

const notYet: RequestListener = (_, response) => response.writeHead(503, { 'retry-after': '1' }).end();

/** @throws Error with code EADDRINUSE when the port is taken */
export async function listen(port: number, host: string): Promise<Listening> {
  let current = notYet;
  // A client that drips its headers or body holds a socket no longer than this; event streams only write.
  const server = createServer({ headersTimeout: 20_000, requestTimeout: 300_000, maxHeaderSize: 16 << 10 }, (request, response) =>
    current(request, response),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    port: address.port,
    mount: listener => void (current = listener),
    close: () =>
      new Promise((resolve, reject) => {
        server.close(error => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
