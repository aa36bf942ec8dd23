// Parts that pages are made of. Native elements throughout (button, dialog, details, table), so that
// keyboard and screen readers work without help.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { ago, clock, moment, nsOf, number, t, word } from './i18n';
import type { Loaded } from './live';

type Children = { children?: ComponentChildren };

export type Tone = 'danger' | 'warning' | 'caution' | 'good' | 'plain' | 'info';

export function Badge({ tone = 'plain', children }: Children & { tone?: Tone }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

const levelTones: Record<string, Tone> = {
  danger: 'danger', warning: 'warning', caution: 'caution', safe: 'good',
};

export function Level({ level }: { level: string }) {
  return <Badge tone={levelTones[level] ?? 'plain'}>{word('level', level)}</Badge>;
}

/** A time as people say it, the exact one beneath. */
export function Time({ ns, exact = false }: { ns: number; exact?: boolean }) {
  if (!ns) return <span class="faint">–</span>;
  return (
    <time title={moment(ns)} dateTime={new Date(ns / 1e6).toISOString()}>
      {exact ? moment(ns) : Math.abs(Date.now() - ns / 1e6) < 12 * 3600e3 ? ago(ns) : clock(ns)}
    </time>
  );
}

/** Of an RFC 3339 time. */
export const At = ({ time, exact }: { time: string | null | undefined; exact?: boolean }) => <Time ns={nsOf(time)} exact={exact} />;

export function Page({ title, tools, children }: Children & { title: string; tools?: ComponentChildren }) {
  useEffect(() => {
    document.title = `${title} – Banken`;
  }, [title]);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>{title}</h1>
        <div class="tools">{tools}</div>
      </div>
      {children}
    </>
  );
}

export function Card({ title, tools, tone, children }:
  Children & { title?: string; tools?: ComponentChildren; tone?: Tone }) {
  return (
    <section class={`card ${tone ?? ''}`}>
      {title && (
        <div class="card-head">
          <h2>{title}</h2>
          <div class="tools">{tools}</div>
        </div>
      )}
      {children}
    </section>
  );
}

/** What was asked for, or why it is not there. */
export function Shown<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  if (of.error && (of.gone || of.data === undefined)) return <p class="note bad" role="alert">{of.error}</p>;
  if (of.data === undefined) return <p class="loading" aria-busy="true">{t('loading')}</p>;
  return (
    <>
      {of.error && <p class="note bad" role="alert">{of.error}</p>}
      {children(of.data)}
    </>
  );
}

/** A page of one thing, whose title is known when it is there. */
export function ShownPage<T>({ of, title, children }: { of: Loaded<T>; title: string; children: (data: T) => ComponentChildren }) {
  if (of.data !== undefined && !of.gone) return <>{children(of.data)}</>;
  return <Page title={title}><Shown of={of}>{() => null}</Shown></Page>;
}

export function Empty({ children }: Children) {
  return <p class="empty">{children}</p>;
}

export function Button({ kind = '', busy = false, ...rest }:
  { kind?: '' | 'main' | 'bad' | 'quiet'; busy?: boolean } & Omit<JSX.HTMLAttributes<HTMLButtonElement>, 'type'> & {
    type?: 'button' | 'submit'; disabled?: boolean }) {
  return <button type="button" class={`button ${kind}`} aria-busy={busy} disabled={busy || rest.disabled} {...rest} />;
}

// ---- tables ----

export interface Column<T> {
  title: string;
  cell: (row: T) => ComponentChildren;
  wide?: boolean; // takes what is left
  right?: boolean;
  sort?: (row: T) => string | number; // the column can be sorted by this
}

type Order = { column: number; down: boolean };

function sorted<T>(rows: T[], columns: Column<T>[], order: Order | null): T[] {
  const by = order && columns[order.column]?.sort;
  if (!by) return rows;
  const way = order.down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const x = by(a), y = by(b);
    return (typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y))) * way;
  });
}

/** Figures are wanted largest first, names from the beginning. */
function turned<T>(rows: T[], c: Column<T>, column: number, order: Order | null): Order {
  if (order?.column === column) return { column, down: !order.down };
  return { column, down: rows.length > 0 && typeof c.sort!(rows[0]) === 'number' };
}

function Heading<T>({ c, n, rows, order, setOrder }: { c: Column<T>; n: number; rows: T[]; order: Order | null;
  setOrder: (o: Order) => void }) {
  const mine = order?.column === n;
  const look = c.right ? 'right' : c.wide ? 'wide' : '';
  if (!c.sort) return <th class={look}>{c.title || <span class="hidden">{t('do')}</span>}</th>;
  return (
    <th class={look} aria-sort={mine ? (order.down ? 'descending' : 'ascending') : undefined}>
      <button type="button" class="sort" onClick={() => setOrder(turned(rows, c, n, order))}>
        {c.title}<i aria-hidden="true">{mine ? (order.down ? '▾' : '▴') : ''}</i>
      </button>
    </th>
  );
}

/** Where the headings are out of sight. */
function SortChoice<T>({ columns, order, setOrder, rows }: { columns: Column<T>[]; rows: T[]; order: Order | null;
  setOrder: (o: Order | null) => void }) {
  const id = useId();
  return (
    <div class="sort-choice">
      <label for={id}>{t('sort-by')}</label>
      <select id={id} value={order ? String(order.column) : ''}
        onChange={(e) => {
          const n = e.currentTarget.value;
          setOrder(n === '' ? null : turned(rows, columns[Number(n)], Number(n), null));
        }}>
        <option value="">–</option>
        {columns.map((c, n) => c.sort && <option value={String(n)}>{c.title}</option>)}
      </select>
    </div>
  );
}

/** On a phone each row is a card: cells carry their titles. `page`: so many rows at first. */
export function Table<T>({ label, rows, columns, id, selected, onSelect, empty, dense, page, tone }: {
  label: string; rows: T[]; columns: Column<T>[]; id: (row: T) => string; empty: string;
  selected?: Set<string>; onSelect?: (ids: Set<string>) => void; dense?: boolean; page?: number;
  tone?: (row: T) => string;
}) {
  const [order, setOrder] = useState<Order | null>(null);
  const [pages, setPages] = useState(1);
  if (rows.length === 0) return <Empty>{empty}</Empty>;
  const toggle = (key: string) => {
    const next = new Set(selected);
    if (!next.delete(key)) next.add(key);
    onSelect?.(next);
  };
  const all = sorted(rows, columns, order);
  const shown = page ? all.slice(0, page * pages) : all;
  return (
    <>
      {columns.some((c) => c.sort) && <SortChoice columns={columns} rows={rows} order={order} setOrder={setOrder} />}
      <div class={`table-frame ${dense ? 'dense' : ''}`} tabIndex={0} role="region" aria-label={label}>
        <table>
          <caption class="hidden">{label}</caption>
          <thead>
            <tr>
              {onSelect && (
                <th class="pick">
                  <input type="checkbox" aria-label={t('select-all')} checked={selected?.size === rows.length}
                    onChange={() => onSelect(new Set(selected?.size === rows.length ? [] : rows.map(id)))} />
                </th>
              )}
              {columns.map((c, n) => <Heading c={c} n={n} rows={rows} order={order} setOrder={setOrder} />)}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={id(row)} class={`${selected?.has(id(row)) ? 'picked' : ''} ${tone?.(row) ?? ''}`}>
                {onSelect && (
                  <td class="pick">
                    <input type="checkbox" aria-label={t('select-one', { name: id(row) })}
                      checked={selected?.has(id(row)) ?? false} onChange={() => toggle(id(row))} />
                  </td>
                )}
                {columns.map((c) => <td class={c.right ? 'right' : ''} data-title={c.title}>{c.cell(row)}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < all.length && (
        <div class="actions">
          <span class="faint">{t('shown-of', { n: number(shown.length), all: number(all.length) })}</span>
          <Button onClick={() => setPages(pages + 1)}>{t('show-more')}</Button>
        </div>
      )}
    </>
  );
}

/** Names and values. */
export function Facts({ of }: { of: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {of.filter(([, v]) => v !== '' && v !== null && v !== undefined && v !== false).map(([k, v]) => (
        <div><dt>{k}</dt><dd>{v}</dd></div>
      ))}
    </dl>
  );
}

// ---- forms ----

export function Field({ label, help, children }: { label: string; help?: string;
  children: (props: { id: string; 'aria-describedby'?: string }) => ComponentChildren }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(help ? { id, 'aria-describedby': id + 'h' } : { id })}
      {help && <small id={id + 'h'}>{help}</small>}
    </div>
  );
}

export function TextField({ label, help, value, onValue, ...rest }: { label: string; help?: string; value: string;
  onValue: (v: string) => void } & Omit<JSX.InputHTMLAttributes<HTMLInputElement>, 'value' | 'label'>) {
  return (
    <Field label={label} help={help}>
      {(p) => <input {...p} value={value} onInput={(e) => onValue(e.currentTarget.value)} {...rest} />}
    </Field>
  );
}

export function Choice({ label, value, onValue, options, help }: { label: string; value: string; help?: string;
  onValue: (v: string) => void; options: [string, string][] }) {
  return (
    <Field label={label} help={help}>
      {(p) => (
        <select {...p} value={value} onChange={(e) => onValue(e.currentTarget.value)}>
          {options.map(([v, text]) => <option value={v}>{text}</option>)}
        </select>
      )}
    </Field>
  );
}

export function TextArea({ label, help, value, onValue, rows = 3, ...rest }: { label: string; help?: string; value: string;
  onValue: (v: string) => void } & Omit<JSX.TextareaHTMLAttributes<HTMLTextAreaElement>, 'value' | 'label'>) {
  return (
    <Field label={label} help={help}>
      {(p) => <textarea {...p} rows={rows} value={value} onInput={(e) => onValue(e.currentTarget.value)} {...rest} />}
    </Field>
  );
}

/** One of several views; `count` beside a name. */
export function Tabs({ label, value, onValue, options }: { label: string; value: string; onValue: (v: string) => void;
  options: [value: string, text: string, count?: number][] }) {
  return (
    <div class="tabs" role="group" aria-label={label}>
      {options.map(([v, text, count]) => (
        <button type="button" aria-pressed={v === value} onClick={() => onValue(v)}>
          {text} {count !== undefined && <span class="count">{number(count)}</span>}
        </button>
      ))}
    </div>
  );
}

/** A button that opens a dialog; what is done in it is done once, and its refusal is shown there.
 * `reasonless`: of what is no order, nothing is asked but what `children` ask. */
export function Ask({ button, title, kind = '', danger = false, confirm, disabled, reasonless, onDo, children, done }: {
  reasonless?: boolean; button: ComponentChildren; title: string; kind?: '' | 'main' | 'bad' | 'quiet'; danger?: boolean;
  confirm: string; disabled?: boolean; onDo: (reason: string) => Promise<unknown>;
  children?: ComponentChildren; done?: (result: unknown) => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const heading = useId();
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  const close = () => {
    dialog.current?.close();
    setOpen(false);
    setError('');
    setReason('');
  };
  const act = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setError('');
    try {
      const result = await onDo(reason.trim());
      close();
      done?.(result);
    } catch (x) {
      setError((x as Error).message);
    }
    setBusy(false);
  };
  return (
    <>
      <Button kind={kind} disabled={disabled} onClick={() => setOpen(true)}>{button}</Button>
      {open && (
        <dialog ref={dialog} aria-labelledby={heading} onClose={close} onCancel={close}>
          <form onSubmit={act}>
            <h2 id={heading}>{title}</h2>
            {children}
            {!reasonless && (
              <TextField label={t('reason')} help={t('reason-help')} value={reason} onValue={setReason}
                required minLength={3} maxLength={120} autocomplete="off" />
            )}
            {error && <p class="note bad" role="alert">{error}</p>}
            <div class="actions">
              <Button onClick={close}>{t('cancel')}</Button>
              <Button type="submit" kind={danger ? 'bad' : 'main'} busy={busy}>{confirm}</Button>
            </div>
          </form>
        </dialog>
      )}
    </>
  );
}

// ---- notes that go by ----

let toast: (text: string) => void = () => {};

export const say = (text: string): void => toast(text);

export function Toasts() {
  const [text, set] = useState('');
  useEffect(() => {
    toast = set;
    return () => {
      toast = () => {};
    };
  }, []);
  useEffect(() => {
    if (!text) return;
    const timer = setTimeout(() => set(''), 6000);
    return () => clearTimeout(timer);
  }, [text]);
  return <div class="toasts" role="status" aria-live="polite">{text && <p>{text}</p>}</div>;
}

export function copyText(text: string): void {
  void navigator.clipboard?.writeText(text).then(() => say(t('copied')));
}

/** Text of strangers that may be long. */
export function Code({ children }: Children) {
  return <code class="code">{children}</code>;
}
