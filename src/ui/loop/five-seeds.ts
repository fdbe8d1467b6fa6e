// What five seeds of a preset came to. The figures are what `npm run cli -- compare` prints of their folders; README says how they were made.

/** By preset; intervals are Student's over seeds, 95 %. */
export const fiveSeeds: Partial<Record<string, string>> = {
  gentle:
    'Five seeds of Gentle with the built-in model, three iterations, 1000 held-out questions: the debate ends +2.6 points above its base [−1.0, +6.2], and 3.1 points ' +
    'below that of one model trained on all six sets [−4.9, −1.3]; their ways to solve a question stay as many.',
  collapse:
    'Five seeds of Collapse with the built-in model, three iterations, 1000 held-out questions: the debate ends 11.2 points below its base [−14.1, −8.3], and 8.3 points ' +
    'below that of one model trained on all six sets [−11.4, −5.2]. But six agents keep 0.50 more ways to solve a question [+0.28, +0.71].',
};

export const fiveSeedsMade = 'Measured 27 Nov 2026 on two processors, paired by question; intervals over seeds, 95 %.';
