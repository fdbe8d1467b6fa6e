// Types are checked by two tools; each is first shown a planted error, so that silence means something.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, type Step } from './steps';

const TSC = ['tsc', '--noEmit'];
const SVELTE = ['svelte-check', '--fail-on-warnings', '--threshold', 'warning', '--output', 'human'];

/** A small project with the repository's compiler settings and one type error per file kind. */
function planted(): string {
  mkdirSync(join(root, 'test/out'), { recursive: true });
  const dir = mkdtempSync(join(root, 'test/out/planted-'));
  cpSync(join(root, 'tsconfig.json'), join(dir, 'tsconfig.json'));
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  mkdirSync(join(dir, 'src'));
  writeFileSync(join(dir, 'src/planted.ts'), 'export const n: number = "planted";\n');
  writeFileSync(join(dir, 'src/Planted.svelte'), '<script lang="ts">\n  const n: number = "planted";\n</script>\n\n{n}\n');
  return dir;
}

export async function types(): Promise<Step[]> {
  const dir = planted();
  try {
    const [tsc, svelte] = [await run(TSC, dir), await run(SVELTE, dir)];
    return [
      { name: 'tsc reports a planted error', passed: tsc.code !== 0 && tsc.output.includes('planted.ts'), output: tsc.output },
      {
        name: 'svelte-check reports a planted error',
        passed: svelte.code !== 0 && svelte.output.includes('Planted.svelte'),
        output: svelte.output,
      },
      await command('tsc', TSC),
      await command('svelte-check', SVELTE),
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export async function command(name: string, args: string[]): Promise<Step> {
  const { code, output } = await run(args, root);
  return { name, passed: code === 0, output };
}
