// Whole commands for `--engine command`, as `npm run tuner -- --recipes` prints them.

const common = `What stands for what in an argument:
  {completions}  folder with train.jsonl (and validation.jsonl): {"prompt":[…],"completion":[…]}, one row a trained turn
  {last_turns}   folder with train.jsonl (and validation.jsonl) and dataset_info.json: {"messages":[…]}, of which the last turn is trained
  {training}, {validation}   the files as they were uploaded; their "weight" says which turns are trained, and few trainers read it
  {base}, {from}, {resume}, {out}, {job}   folders of the base, of the result to go on from, of the last checkpoint, of the result; a JSON file
  {seed}, {lora_r}, {lora_alpha}, {learning_rate}, {n_epochs}, {max_steps}, {batch_size}, {weight_decay} …   as the job asks them

The result is what lies in {out} at the end: adapter_config.json and adapter_model.safetensors of the rank and alpha that were asked for.
A program may write lines of JSON to stdout: {"t":"progress","step":12,"total":200,"train_loss":0.91}, {"t":"eval","step":50,"valid_loss":1.2},
{"t":"checkpoint","step":50,"dir":"ckpt-50"}, {"t":"error","code":"oom","message":"…"}. Once it did, --silence minutes without another end it.
What it writes to stderr is kept in jobs/<id>/worker.log of the data folder.

Models to train lie in --models DIR, one folder each, with config.json, tokenizer and .safetensors. None of these commands was run by whoever
wrote them here: they follow the documentation of late 2026. Train ten rows first.`;

const trl = `TRL (pip install "trl[peft]"):

  npm run tuner -- --engine command --models DIR --command '["trl","sft",
    "--model_name_or_path","{base}","--dataset_name","{completions}","--output_dir","{out}",
    "--use_peft","--lora_r","{lora_r}","--lora_alpha","{lora_alpha}","--lora_dropout","0",
    "--lora_target_modules","q_proj","k_proj","v_proj","o_proj","gate_proj","up_proj","down_proj",
    "--learning_rate","{learning_rate}","--lr_scheduler_type","{lr_scheduler_type}","--warmup_steps","{warmup_steps}",
    "--num_train_epochs","{n_epochs}","--max_steps","{max_steps}","--weight_decay","{weight_decay}","--max_grad_norm","{max_grad_norm}",
    "--per_device_train_batch_size","{micro_batch_size}","--max_length","{context_length}","--completion_only_loss","true",
    "--seed","{seed}","--save_strategy","no","--report_to","none"]'`;

const axolotl = `Axolotl (pip install axolotl), with a file lora.yml of yours beside it, whose path is given in full:

  base_model: set-by-the-command
  adapter: lora
  lora_target_modules: [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj]
  lora_dropout: 0
  chat_template: tokenizer_default
  datasets:
    - path: last_turns/train.jsonl      # the program starts in the folder of its job
      ds_type: json
      type: chat_template
      field_messages: messages
      message_field_training: train
      roles_to_train: []
      train_on_eos: turn
  optimizer: adamw_torch
  bf16: auto
  save_strategy: "no"

  npm run tuner -- --engine command --models DIR --command '["axolotl","train","/full/path/to/lora.yml",
    "--base-model","{base}","--output-dir","{out}","--lora-r","{lora_r}","--lora-alpha","{lora_alpha}",
    "--learning-rate","{learning_rate}","--lr-scheduler","{lr_scheduler_type}","--warmup-steps","{warmup_steps}",
    "--num-epochs","{n_epochs}","--max-steps","{max_steps}","--micro-batch-size","{micro_batch_size}",
    "--sequence-len","{context_length}","--weight-decay","{weight_decay}","--seed","{seed}"]'`;

const llamaFactory = `LLaMA-Factory (pip install llamafactory), whose "template" has to be that of the model:

  npm run tuner -- --engine command --models DIR --command '["llamafactory-cli","train",
    "--stage","sft","--do_train","true","--model_name_or_path","{base}","--template","qwen",
    "--dataset_dir","{last_turns}","--dataset","train","--mask_history","true","--cutoff_len","{context_length}",
    "--finetuning_type","lora","--lora_rank","{lora_r}","--lora_alpha","{lora_alpha}","--lora_dropout","0","--lora_target","all",
    "--learning_rate","{learning_rate}","--lr_scheduler_type","{lr_scheduler_type}","--warmup_steps","{warmup_steps}",
    "--num_train_epochs","{n_epochs}","--max_steps","{max_steps}","--weight_decay","{weight_decay}","--max_grad_norm","{max_grad_norm}",
    "--per_device_train_batch_size","{micro_batch_size}","--seed","{seed}","--save_strategy","no","--report_to","none",
    "--output_dir","{out}","--overwrite_output_dir","true"]'`;

export const commandRecipes = [common, trl, axolotl, llamaFactory].join('\n\n');
