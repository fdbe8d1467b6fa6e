// The settings of a collection as a form: every field keeps what was typed, and the configuration exists when all can be read.
import { datasetDefaults, type DatasetConfig, type Selection } from '../../datasets/records';
import { readShare } from '../../datasets/share';

export class DatasetFields {
  w = $state(String(datasetDefaults.w));
  criticSize = $state<DatasetConfig['criticSize']>(datasetDefaults.criticSize);
  criticOnEmpty = $state<DatasetConfig['criticOnEmpty']>(datasetDefaults.criticOnEmpty);
  lossOn = $state<DatasetConfig['lossOn']>(datasetDefaults.lossOn);
  selection = $state<Selection['by']>('consensus');
  ownShare = $state('0.5');
  seed = $state(String(datasetDefaults.seed));

  readonly problems = $derived.by(() => {
    const found: { w?: string; ownShare?: string; seed?: string } = {};
    if (readShare(this.w) === null) found.w = 'A share from 0 to 1, such as 0.5 or 2/3.';
    if (this.selection === 'cross-agent' && readShare(this.ownShare) === null) found.ownShare = 'A share from 0 to 1, such as 0.5 or 1/3.';
    if (!/^\d{1,9}$/.test(this.seed.trim())) found.seed = 'A whole number.';
    return found;
  });

  /** null while a field cannot be read. */
  readonly config: DatasetConfig | null = $derived.by(() => {
    if (Object.keys(this.problems).length) return null;
    const selection: Selection =
      this.selection === 'cross-agent' ? { by: 'cross-agent', ownShare: readShare(this.ownShare)! } : { by: this.selection };
    return {
      w: readShare(this.w)!,
      criticSize: this.criticSize,
      criticOnEmpty: this.criticOnEmpty,
      lossOn: this.lossOn,
      selection,
      seed: Number(this.seed),
    };
  });
}
