// What a schema found wrong, in words for whoever sent it.
import * as v from 'valibot';

/** @returns the field, and a sentence that names it */
export function firstIssue(issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): { param: string | null; message: string } {
  const [issue] = issues;
  const param = v.getDotPath(issue);
  const unknown = issue.type === 'strict_object' && issue.expected === 'never';
  const missing = issue.received === 'undefined';
  const message = unknown ? `There is no field ${param}.` : missing ? `${param} is missing.` : `${param ?? 'The body'}: ${issue.message}`;
  return { param, message: message.slice(0, 300) };
}
