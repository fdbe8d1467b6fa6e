// The endpoint at the page's own origin, as `npm start` serves it: no address to type and, on this machine, no token to copy.
import { join } from 'node:path';
import { asListener } from '../tuner/listen-node';
import { createProcessEngine } from '../tuner/train/process';
import { endpointJson, noEndpoint } from './endpoint-json';
import { checkAccess, isLoopback, openOwnTuner, ownModels, type Access } from './own-tuner';
import type { Mounted } from './serve';

const paths = ['/v1', '/healthz', '/openapi.json', '/endpoint.json'] as const;

export interface MountOptions extends Partial<Pick<Access, 'host' | 'allowHosts' | 'token'>> {
  data: string;
  /** Folder of model folders to train. */
  models?: string;
}

/**
 * @throws CliError when others could reach the endpoint and nobody said so on purpose
 * @throws DiskError `busy` when another process holds the folder
 */
export const mountTuner = ({ data, models = ownModels, host = 'localhost', allowHosts = [], token = null }: MountOptions) => {
  checkAccess({ host, allowHosts, token });
  return async (port: number): Promise<Mounted> => {
    const access = { port, host, allowHosts, origins: [], token };
    const {
      tuner,
      token: known,
      hosts,
    } = await openOwnTuner(() => createProcessEngine({ models, logs: join(data, 'jobs') }), data, access);
    const answer = async (request: Request, peer: string | undefined): Promise<Response> => {
      if (new URL(request.url).pathname !== '/endpoint.json') return tuner.fetch(request);
      // Where others reach it, everyone types the token: a page's server cannot tell its reader from them.
      if (!isLoopback(host) || allowHosts.length) return noEndpoint();
      return endpointJson(request, hosts, known, peer);
    };
    return { paths, listener: asListener(answer), close: () => tuner.close() };
  };
};
