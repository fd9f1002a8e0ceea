/** How the pages are kept up to date. */
export type LiveState = 'connecting' | 'live' | 'polling' | 'offline';

/** The part of an `EventSource` that is needed here. */
export type EventStream = Pick<EventSource, 'addEventListener' | 'close'>;

export interface LiveOptions {
  open: () => EventStream;
  /** A named event's data. */
  onEvent: (name: 'job' | 'deleted', data: string) => void;
  /** Everything on the screen may be out of date. */
  refresh: () => void;
  /** Whether the API answers. */
  probe: () => Promise<boolean>;
}

const POLL = 5_000;
const RETRY = [2_000, 5_000, 10_000, 30_000];
/** The server sends a heartbeat each 15 seconds; where it is an event, silence is noticed. */
const SILENCE = 40_000;

/** One event stream for the whole page; while it is down, a poll each 5 seconds. */
export class LiveConnection {
  #state: LiveState = 'connecting';
  #stream: EventStream | null = null;
  #failures = 0;
  #poll: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #options: LiveOptions;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  get state() {
    return this.#state;
  }

  subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  start() {
    if (this.#stream || this.#poll || this.#retry) return;
    this.#open();
  }

  /** Lets go of everything, as while nobody looks. */
  stop() {
    this.#stream?.close();
    this.#stream = null;
    for (const timer of [this.#poll, this.#retry, this.#silence]) clearTimeout(timer);
    this.#poll = this.#retry = this.#silence = undefined;
  }

  #open() {
    this.#retry = undefined;
    const stream = this.#options.open();
    this.#stream = stream;
    stream.addEventListener('open', () => this.#opened());
    stream.addEventListener('error', () => this.#failed());
    stream.addEventListener('heartbeat', () => this.#watchSilence());
    for (const name of ['job', 'deleted'] as const) {
      stream.addEventListener(name, (event: MessageEvent<string>) => this.#options.onEvent(name, event.data));
    }
  }

  #opened() {
    const missedSome = this.#failures > 0;
    this.#failures = 0;
    clearTimeout(this.#poll);
    this.#poll = undefined;
    this.#become('live');
    if (missedSome) this.#options.refresh();
  }

  #failed() {
    this.#stream?.close();
    this.#stream = null;
    clearTimeout(this.#silence);
    const wait = RETRY[Math.min(this.#failures, RETRY.length - 1)];
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#open(), wait);
    if (this.#poll === undefined) void this.#look();
  }

  async #look() {
    const poll = setTimeout(() => void this.#look(), POLL);
    this.#poll = poll;
    const answers = await this.#options.probe();
    if (this.#poll !== poll) return; // live again, stopped, or asked once more
    this.#become(answers ? 'polling' : 'offline');
    if (answers) this.#options.refresh();
  }

  #watchSilence() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#failed(), SILENCE);
  }

  #become(state: LiveState) {
    if (state === this.#state) return;
    this.#state = state;
    this.#listeners.forEach((listener) => listener());
  }
}
