// How the place of a training is called in a sentence.
import { pageOrigin } from '../../finetune/endpoint-address';

/** @param page origin of this page */
export const placeWords = (origin: string, page: string): string =>
  origin === pageOrigin ? 'in this page' : origin === page ? 'at the server of this page' : `at ${origin}`;
