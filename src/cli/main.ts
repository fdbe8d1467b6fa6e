// `npm run cli -- <command>`: finds the command and reports what went wrong in one line.
import { CliError } from './errors';

interface Command {
  about: string;
  load: () => Promise<(args: string[]) => Promise<void>>;
}

const commands: Record<string, Command> = {
  debate: {
    about: 'let a society of models debate questions and write the run to a file',
    load: async () => (await import('./debate')).debate,
  },
  loop: {
    about: 'the closed loop: debate, collect, finetune, adopt, evaluate, again',
    load: async () => (await import('./loop')).loop,
  },
  sets: {
    about: 'make training sets of a finished run, and files for a trainer elsewhere',
    load: async () => (await import('./sets')).sets,
  },
  compare: {
    about: 'two loops on the same held-out questions, paired: a society and its control, over one or several seeds',
    load: async () => (await import('./compare')).compare,
  },
  gallery: {
    about: 'list the runs in a folder, for a course that links to them with #index=',
    load: async () => (await import('./gallery')).gallery,
  },
  record: { about: 'make the recordings that ship with the page', load: async () => (await import('./record')).record },
};

const help = `Usage: npm run cli -- <command> [options]

Commands:
${Object.entries(commands)
  .map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
  .join('\n')}

npm run cli -- <command> --help lists the options of a command.`;

async function main([name, ...args]: string[]): Promise<void> {
  if (!name || name === '--help' || name === '-h' || name === 'help') {
    console.log(help);
    return;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw new CliError(`no command "${name}".\n\n${help}`, 2);
  await (
    await command.load()
  )(args);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const misused = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') === true;
  if (!(error instanceof CliError) && !misused) throw error;
  console.error((error as Error).message);
  process.exitCode = error instanceof CliError ? error.exitCode : 2;
}
