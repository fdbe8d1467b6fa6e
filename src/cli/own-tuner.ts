// The finetuning endpoint of this machine, for `npm run tuner` and `npm start`: engine, folder, token and the names it answers to.
import { join, resolve } from 'node:path';
import { createTuner, type Tuner } from '../tuner/app';
import { openNodeDisk, secretFile } from '../tuner/disk-node';
import type { TrainEngine } from '../tuner/engine';
import { loopbackHosts } from '../tuner/guard';
import type { Limits } from '../tuner/limits';
import { CliError } from './errors';

export const root = resolve(import.meta.dirname, '../..');
/** Folder of model folders that `npm start` and `npm run tuner` train. */
export const ownModels = join(root, 'public/models');

export interface Access {
  port: number;
  host: string;
  /** Names beside those of this machine under which a proxy or the network reaches it, as in the `Host` header. */
  allowHosts: readonly string[];
  origins: readonly string[];
  /** Null = the one kept in the data folder, made at the first start. */
  token: string | null;
  limits?: Partial<Limits>;
}

/** An interface that nobody but this machine reaches. */
export const isLoopback = (host: string): boolean => ['localhost', '127.0.0.1', '::1'].includes(host);

/** @param address of the other end of a socket; IPv4 comes mapped where the socket speaks both */
export const isLoopbackAddress = (address: string | undefined): boolean =>
  address !== undefined && /^(?:::1|(?:::ffff:)?127(?:\.\d{1,3}){3})$/.test(address);

/** @throws CliError when others could reach the endpoint and nobody said so on purpose @param otherwise what else can be done */
export function checkAccess({ host, allowHosts, token }: Pick<Access, 'host' | 'allowHosts' | 'token'>, otherwise = ''): void {
  if (isLoopback(host)) return;
  if (token === null || !allowHosts.length)
    throw new CliError(
      `To listen on ${host}, where others reach it, give --token and --allow-host NAME (what they type, such as ${host}:PORT).${otherwise && ` ${otherwise}`}`,
      2,
    );
}

/** @throws CliError when it could not be sent in a header, or guessed */
export function checkedToken(token: string | undefined): string | null {
  if (token !== undefined && !/^[\x21-\x7e]{8,256}$/.test(token)) throw new CliError('--token takes 8 to 256 visible characters', 2);
  return token ?? null;
}

export const tokenIn = (data: string): Promise<string> =>
  secretFile(join(data, 'token'), () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url'));

/** A name without a port is meant with ours, and as a proxy on the usual port passes it on. */
export const hostsOf = ({ port, host, allowHosts }: Pick<Access, 'port' | 'host' | 'allowHosts'>): string[] => [
  ...(isLoopback(host) ? loopbackHosts(port) : []),
  ...allowHosts.flatMap(name => (/:\d+$/.test(name) ? [name.toLowerCase()] : [name.toLowerCase(), `${name.toLowerCase()}:${port}`])),
];

export interface OwnTuner {
  tuner: Tuner;
  engine: TrainEngine;
  token: string;
  hosts: string[];
}

/**
 * @param makeEngine called once the folder is ours: an engine may clear away what a killed one left there
 * @throws DiskError `busy` when another process holds the folder
 */
export async function openOwnTuner(makeEngine: () => TrainEngine, data: string, access: Access, log = console.error): Promise<OwnTuner> {
  const disk = await openNodeDisk(data);
  try {
    const token = access.token ?? (await tokenIn(data));
    const hosts = hostsOf(access);
    const limits = access.limits ?? {};
    const engine = makeEngine();
    return { tuner: await createTuner({ engine, disk, token, hosts, origins: access.origins, log, limits }), engine, token, hosts };
  } catch (error) {
    await disk.close();
    throw error;
  }
}

/** Runs `close` once at Ctrl+C or SIGTERM and then ends the process; a second signal does not wait. */
export function closeOnSignal(close: () => Promise<void>): void {
  let closing = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (closing) process.exit(130);
      closing = true;
      close().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
    });
}
