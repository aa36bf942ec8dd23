// Assessment (C8): a customer is watched for some weeks and nothing of theirs is cut; then they get
// their report, and everything of theirs is wiped where the centre runs.
import { useState } from 'preact/hooks';
import { ADMIN, part, send, type Session } from '../toolkit/api';
import { number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { Ask, Badge, Card, Choice, Code, Page, say, Shown, Table, TextField, Time } from '../toolkit/ui';
import { may } from '../parts/words';
import { allCustomers, customerName, isVendor, scoped } from './scope';

interface Assessment { customer: string; name: string; began: number; until: number; state: string; author: string; reports_left: number; not_monitor: number }

const DAY = 86400e9;

function Begin({ free, again }: { free: string[]; again: () => void }) {
  const [customer, setCustomer] = useState(free[0]);
  const [days, setDays] = useState('30');
  return (
    <Ask button={t('assessment-begin')} kind="main" title={t('assessment-begin')} confirm={t('assessment-begin')} reasonless
      onDo={() => send('POST', 'assessments', { customer, days: Number(days) })} done={() => { say(t('assessment-begun', { name: customerName(customer) })); again(); }}>
      <p>{t('assessment-begin-about')}</p>
      <Choice label={t('customer')} value={customer} onValue={setCustomer} options={free.map((c): [string, string] => [c, customerName(c)])} />
      <TextField label={t('assessment-days')} type="number" min={1} max={366} required value={days} onValue={setDays} />
    </Ask>
  );
}

/** Its time is over; the centre has not looked yet. */
const isEnding = (a: Assessment): boolean => a.state === 'runs' && a.until / 1e6 <= Date.now();

/** A row's next step: what is wrong, what is left, how to wipe. */
function Next({ a, wipe }: { a: Assessment; wipe: string | null }) {
  if (isEnding(a)) return <span>{t('assessment-ending')}</span>;
  if (a.state === 'runs' && a.not_monitor) return <p class="note bad">{t('assessment-not-monitor', { n: number(a.not_monitor) })}</p>;
  if (a.state === 'runs') return <span class="faint">{t('assessment-runs', { days: number(Math.max(0, Math.ceil((a.until / 1e9 - Date.now() / 1e3) / 86400))) })}</span>;
  if (a.reports_left) return <span>{t('assessment-reports-left', { n: number(a.reports_left) })}</span>;
  return wipe ? <><span>{t('assessment-wipe')}</span><Code>{`${wipe} ${a.customer}`}</Code></> : <span class="faint">{t('assessment-over')}</span>;
}

export function Assessments({ session }: { session: Session }) {
  const list = useApi<{ assessments: Assessment[]; wipe: string | null }>('assessments' + scoped(), 'state', 'customers', 'reports');
  const mine = isVendor(session) && may(session, ADMIN);
  const running = new Set((list.data?.assessments ?? []).map((a) => a.customer));
  const free = allCustomers().map((c) => c.id).filter((c) => !running.has(c));
  return (
    <Page title={t('assessments')} tools={mine && free.length > 0 && <Begin key={free.join()} free={free} again={list.again} />}>
      <Card>
        <p class="faint">{t('assessments-about')}</p>
        <Shown of={list}>
          {({ assessments, wipe }) => (
            <Table label={t('assessments')} rows={assessments} id={(a) => a.customer} empty={t(mine ? 'no-assessment-begin' : 'no-assessment')}
              columns={[
                { title: t('customer'), sort: (a) => a.name, cell: (a) => <b class="one-line">{a.name || a.customer}</b> },
                { title: t('state'), sort: (a) => a.state, cell: (a) => <Badge tone={a.state === 'runs' ? 'info' : 'good'}>{word('assessment', isEnding(a) ? 'ending' : a.state)}</Badge> },
                { title: t('began'), sort: (a) => a.began, cell: (a) => <Time ns={a.began} exact /> },
                { title: t('assessment-until'), sort: (a) => a.until, cell: (a) => <Time ns={a.until} exact /> },
                { title: t('assessment-done'), cell: (a) => <progress max={a.until - a.began} value={a.state === 'runs' ? Math.min(Date.now() * 1e6 - a.began, a.until - a.began) : a.until - a.began} aria-label={t('assessment-done')} title={t('days', { n: number(Math.round((a.until - a.began) / DAY)) })} /> },
                { title: t('next-step'), wide: true, cell: (a) => <Next a={a} wipe={wipe} /> },
                ...(mine ? [{ title: '', cell: (a: Assessment) => a.state === 'runs' && !isEnding(a) && (
                  <Ask button={t('assessment-end')} danger title={t('assessment-end-of', { name: a.name })} confirm={t('assessment-end')} reasonless
                    onDo={() => send('POST', `assessments/${part(a.customer)}/end`, {})} done={() => { say(t('assessment-ended')); list.again(); }}><p>{t('assessment-end-about')}</p></Ask>
                ) }] : []),
              ]} />
          )}
        </Shown>
      </Card>
    </Page>
  );
}
