// The policy of each site (P): edited here, tried there on the judgements on record (P8), then put in
// force as an order, where the site's mandate lets whoever asks.
import { useState } from 'preact/hooks';
import { CHANGE, part, send, type Session } from '../toolkit/api';
import { number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href } from '../toolkit/route';
import { Ask, At, Badge, Button, Card, Empty, Page, Shown, ShownPage, Table, TextArea, TextField } from '../toolkit/ui';
import { sentence } from '../parts/sentences';
import { may } from '../parts/words';
import type { Moment, Order } from './data';
import { OrderList } from './orders';
import { customerName, isMixed, scoped } from './scope';
import { tell, Where, whereOf } from './shared';
import { useArg } from '../toolkit/route';

interface SitePolicy { site: string; customer: string; mitigator: string; mode: string | null; version: string | null; text: string | null; told: Moment }
interface Tried { judgements: number; hosts: number; with_actions: number; days: number; actions: Record<string, { times: number; hosts: number }>; lint: string[] }

const usePolicies = () => useApi<{ policies: SitePolicy[] }>('policies' + scoped(), 'mandates', 'orders');

export function Policies() {
  const [find, setFind] = useArg('find');
  const list = usePolicies();
  const wanted = find.trim().toLowerCase();
  return (
    <Page title={t('policies')}>
      <Card>
        <p class="faint">{t('policies-about')}</p>
        <Shown of={list}>
          {({ policies }) => (
            <>
              {policies.length > 5 && <div class="row-form" role="search"><TextField label={t('search')} type="search" value={find} onValue={setFind} placeholder={t('search-sites')} /></div>}
              <Table dense label={t('policies')} rows={policies.filter((p) => !wanted || `${p.site} ${customerName(p.customer)} ${p.mode}`.toLowerCase().includes(wanted))} id={(p) => p.mitigator} empty={t('no-mitigator')} page={50}
                columns={[
                  { title: t(isMixed() ? 'customer-site' : 'site'), wide: true, sort: whereOf, cell: (p) => <Where {...p} /> },
                  { title: t('mode'), sort: (p) => p.mode ?? '', cell: (p) => (p.mode ? <Badge tone={p.mode === 'automatic' ? 'good' : 'info'}>{word('mode', p.mode)}</Badge> : '–') },
                  { title: t('version-number'), sort: (p) => p.version ?? '', cell: (p) => p.version || '–' },
                  { title: t('told-at'), cell: (p) => <At time={p.told} /> },
                  { title: '', cell: (p) => <a class="button quiet" href={href('policies', p.site)}>{t('open')}</a> },
                ]} />
            </>
          )}
        </Shown>
      </Card>
    </Page>
  );
}

function answerOf(o: Order): Tried | null {
  try {
    return JSON.parse(o.answer) as Tried;
  } catch {
    return null;
  }
}

/** What the site said of the last policy that it tried. */
function LastTry({ orders, text }: { orders: Order[]; text: string }) {
  const last = orders.find((o) => o.act === 'policy-try');
  if (!last) return <p class="faint">{t('try-first')}</p>;
  const same = last.body?.text === text;
  if (last.state === 'sent') return <p class="note" aria-live="polite">{t('try-under-way')}</p>;
  if (last.state === 'refused') return <p class="note bad" role="alert">{sentence(last.answer)}</p>;
  const tried = answerOf(last);
  if (!tried) return <p class="note">{last.answer}</p>;
  const actions = Object.entries(tried.actions);
  return (
    <div aria-live="polite">
      {!same && <p class="note">{t('try-old')}</p>}
      <p class="note good">{t('tried', { judgements: number(tried.judgements), hosts: number(tried.hosts), days: number(tried.days), acted: number(tried.with_actions) })} <At time={last.answered} /></p>
      {tried.lint.map((x) => <p class="note bad">{sentence(x)}</p>)}
      <Table dense label={t('would-have-done')} rows={actions} id={([a]) => a} empty={t('would-do-nothing')}
        columns={[
          { title: t('action'), wide: true, cell: ([a]) => <b>{word('action', a)}</b> }, { title: t('figure.times'), right: true, sort: ([, n]) => n.times, cell: ([, n]) => number(n.times) },
          { title: t('hosts'), right: true, sort: ([, n]) => n.hosts, cell: ([, n]) => number(n.hosts) },
        ]} />
    </div>
  );
}

function Editor({ p, session, again }: { p: SitePolicy; session: Session; again: () => void }) {
  const [text, setText] = useState(p.text ?? '');
  const orders = useApi<{ orders: Order[] }>('orders' + scoped({ site: p.site, most: 50 }), 'orders');
  const mine = may(session, CHANGE), tried = (orders.data?.orders ?? []).find((o) => o.act === 'policy-try');
  const known = tried?.state === 'done' && tried.body?.text === text ? answerOf(tried) : null;
  const tryIt = (reason: string) => send('POST', `policies/${part(p.site)}/try`, { text, days: 30, reason });
  const put = (reason: string) => send('POST', `policies/${part(p.site)}`, { text, accept: (known?.lint.length ?? 0) > 0 || undefined, base: p.version || undefined, reason });
  return (
    <Card title={t('policy-text')}>
      {!p.text && <Empty>{t('policy-untold')}</Empty>}
      <TextArea label={t('policy-of', { site: p.site })} class="mono" rows={18} spellcheck={false} value={text} onValue={setText} readOnly={!mine} />
      {mine && (
        <div class="actions">
          {text !== (p.text ?? '') && <Button kind="quiet" onClick={() => setText(p.text ?? '')}>{t('policy-reset')}</Button>}
          <Ask button={t('policy-try')} title={t('policy-try')} confirm={t('policy-try')} disabled={text.trim().length < 10} onDo={tryIt} done={(a) => { tell('policy-trying', p.site, a); orders.again(); }}>
            <p>{t('policy-try-about')}</p>
          </Ask>
          <Ask button={t('policy-put')} kind="main" title={t('policy-put-of', { site: p.site })} confirm={t('policy-put')} disabled={!known || text === p.text} onDo={put} done={(a) => { tell('policy-putting', p.site, a); again(); }}>
            <p>{t('policy-put-about')}</p>
          </Ask>
        </div>
      )}
      <Shown of={orders}>{({ orders: rows }) => <LastTry orders={rows} text={text} />}</Shown>
    </Card>
  );
}

export function OnePolicy({ site, session }: { site: string; session: Session }) {
  const list = usePolicies();
  return (
    <ShownPage of={list} title={site}>
      {({ policies }) => {
        const p = policies.find((x) => x.site === site);
        return (
          <Page title={t('policy-of', { site })}>
            {p ? <Editor key={p.version ?? ''} p={p} session={session} again={list.again} /> : <Card><Empty>{t('no-mitigator')}</Empty></Card>}
            <OrderList path={'orders' + scoped({ site, act: 'policy', most: 50 })} title={t('policy-orders')} />
          </Page>
        );
      }}
    </ShownPage>
  );
}
