// The endpoint at the page's own origin, as `npm start` serves it: no address to type, no token to copy.
import { asListener } from '../tuner/listen-node';
import { createProcessEngine } from '../tuner/train/process';
import { endpointJson } from './endpoint-json';
import { openOwnTuner, ownModels } from './own-tuner';
import type { Mounted } from './serve';

const paths = ['/v1', '/healthz', '/openapi.json', '/endpoint.json'] as const;

/** @throws DiskError `busy` when another process holds the folder */
export const mountTuner =
  (data: string) =>
  async (port: number): Promise<Mounted> => {
    // Served on the network, the page is for everyone there and the endpoint only for this machine: it has no names but loopback ones.
    const access = { port, host: 'localhost', allowHosts: [], origins: [], token: null };
    const { tuner, token, hosts } = await openOwnTuner(() => createProcessEngine({ models: ownModels }), data, access);
    const answer = async (request: Request): Promise<Response> =>
      new URL(request.url).pathname === '/endpoint.json' ? endpointJson(request, hosts, token) : tuner.fetch(request);
    return { paths, listener: asListener(answer), close: () => tuner.close() };
  };
