// What people have asked sites to do from here, and what the sites' mitigators answered.
import { moment, nsOf, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href } from '../toolkit/route';
import { At, Badge, Button, Card, Code, Shown, Table, type Tone } from '../toolkit/ui';
import { sentence } from '../parts/sentences';
import type { Order } from './data';
import { isMixed, scoped } from './scope';
import { useLong, Where, whereOf } from './shared';

const tones: Record<string, Tone> = { sent: 'info', done: 'good', refused: 'danger' };

export function OrderState({ order }: { order: Order }) {
  return <Badge tone={tones[order.state] ?? 'info'}>{t('order-of', { what: word('order', order.act), state: word('order-state', order.state) })}</Badge>;
}

/** The latest order about each cut; a cut's last number runs up, the cut is the same. */
export function useOrders(): Map<string, Order> {
  const list = useApi<{ orders: Order[] }>('orders' + scoped({ most: 500 }), 'orders', 'cuts');
  const by = new Map<string, Order>();
  for (const o of list.data?.orders ?? []) if (o.subject && !by.has(stemOf(o.subject))) by.set(stemOf(o.subject), o);
  return by;
}

export const stemOf = (id: string): string => id.replace(/\.\d+$/, '');

/** As people say it: a time, a word, yes and no. */
function valueText(key: string, v: unknown): string {
  if (Array.isArray(v)) return v.join(', ');
  if (typeof v === 'boolean') return t(v ? 'yes' : 'no');
  if (key === 'until' && typeof v === 'number') return moment(v);
  return key === 'never' || key === 'level' ? word(key, String(v)) : String(v);
}

/** An exception's or a mandate's particulars. */
function particulars(o: Order): string {
  return Object.entries(o.body ?? {}).filter(([, v]) => v !== '' && v !== null && !(Array.isArray(v) && v.length === 0))
    .filter(([k]) => k !== 'text').map(([k, v]) => `${word('audit-key', k)}: ${valueText(k, v)}`).join(' · ');
}

export const Orders = ({ act = '', title }: { act?: string; title: string }) => <OrderList path={(act ? 'exceptions' : 'orders') + scoped({ most: 100 })} title={title} one={!!act} />;

/** `one`: all are of one kind. */
export function OrderList({ path, title, one = true }: { path: string; title: string; one?: boolean }) {
  const list = useLong<Order>(path, 'orders', (o) => o.id, 'orders');
  return (
    <Card title={title}>
      <Shown of={list.of}>
        {() => (
          <>
            <Table dense label={title} rows={list.rows} id={(o) => o.id} empty={t('no-order')} page={10}
              columns={[
                { title: t('time'), sort: (o) => nsOf(o.time), cell: (o) => <At time={o.time} exact /> },
                { title: t('who'), sort: (o) => o.account, cell: (o) => <><b>{o.account}</b>{!o.account_of && <small class="line">{t('vendor')}</small>}</> },
                ...(one ? [] : [{ title: t('what'), sort: (o: Order) => o.act, cell: (o: Order) => word('order', o.act) }]),
                { title: t(isMixed() ? 'customer-site' : 'site'), sort: whereOf, cell: (o) => <Where {...o} /> },
                { title: t('detail'), wide: true, cell: (o) => <>{o.subject && <a href={href('quarantine', o.subject)}>{o.subject}</a>}{particulars(o) && <Code>{particulars(o)}</Code>}<small class="line">{o.reason}</small></> },
                { title: t('site-answer'), sort: (o) => o.state, cell: (o) => <><Badge tone={tones[o.state] ?? 'info'}>{word('order-state', o.state)}</Badge>{o.state === 'refused' && <small class="line">{sentence(o.answer)}</small>}</> },
              ]} />
            {list.more && <div class="actions"><Button onClick={list.more}>{t('older')}</Button></div>}
          </>
        )}
      </Shown>
    </Card>
  );
}
