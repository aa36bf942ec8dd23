// Whether the watching itself works (C4): what is wrong with it, the daily test from a sensor to a
// mailbox, the centre's disk, licences.
import { CHANGE, send, type Session } from '../toolkit/api';
import { duration, number, percent, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { Badge, Button, Card, Empty, Facts, Page, say, Shown, Table, Time, type Tone } from '../toolkit/ui';
import { may } from '../parts/words';
import { customerName, isVendor, scoped } from './scope';
import { say2 } from './shared';

interface Condition { key: string; kind: string; customer: string; site: string; since: number; title: string; title_ja: string; text: string; text_ja: string }
interface SelfTest { sensor: string; site: string; state: string; ordered: number; seen: number; alerted: number; arrived: number }
interface Watch {
  conditions: Condition[]; self_tests: SelfTest[]; disk: { size: number; used: number; full_in_days: number | null } | null;
  licence_until?: number; retention_days?: number;
}

const tones: Record<string, Tone> = { ordered: 'info', alerted: 'info', arrived: 'good', missed: 'danger' };

/** Nothing asks a demonstration to test itself; elsewhere the vendor may. */
function TestNow({ again }: { again: () => void }) {
  const run = () => void send('POST', 'self-test', {}).then(() => {
    say(t('self-test-ordered'));
    again();
  }, (e: Error) => say(e.message));
  return <Button onClick={run}>{t('self-test-now')}</Button>;
}

export function Watching({ session }: { session: Session }) {
  const watch = useApi<Watch>('watch' + scoped(), 'state', 'emergencies', 'sensors');
  return (
    <Page title={t('watching')} tools={isVendor(session) && may(session, CHANGE) && <TestNow again={watch.again} />}>
      <Shown of={watch}>
        {(w) => (
          <>
            <Card title={t('watch-conditions')} tools={w.conditions.length > 0 && <Badge tone="warning">{number(w.conditions.length)}</Badge>}>
              {w.conditions.length === 0 ? <Empty>{t('watch-good')}</Empty> : (
                <ul class="needs">
                  {w.conditions.map((c) => (
                    <li key={c.key}><div>
                      <b>{say2({ en: c.title, ja: c.title_ja })}</b>
                      <p class="told">{say2({ en: c.text, ja: c.text_ja })}</p>
                      <p>{[c.customer && customerName(c.customer), c.site].filter(Boolean).join(' · ')} <Time ns={c.since} /></p>
                    </div></li>
                  ))}
                </ul>
              )}
            </Card>
            <Card title={t('self-tests')}>
              <p class="faint">{t('self-tests-about')}</p>
              <Table dense label={t('self-tests')} rows={w.self_tests} id={(x) => x.sensor + x.ordered} empty={t('no-self-test')} page={20}
                columns={[
                  { title: t('state'), sort: (x) => x.state, cell: (x) => <Badge tone={tones[x.state] ?? 'plain'}>{word('self-test', x.state)}</Badge> },
                  { title: t('sensor'), sort: (x) => x.sensor, cell: (x) => <b>{x.sensor}</b> }, { title: t('site'), sort: (x) => x.site, cell: (x) => x.site },
                  { title: t('self-test.ordered'), sort: (x) => x.ordered, cell: (x) => <Time ns={x.ordered} exact /> },
                  { title: t('self-test.alerted'), cell: (x) => <Time ns={x.alerted} exact /> }, { title: t('self-test.arrived'), cell: (x) => <Time ns={x.arrived} exact /> },
                  { title: t('took'), right: true, sort: (x) => (x.arrived ? x.arrived - x.ordered : 0), cell: (x) => (x.arrived ? duration((x.arrived - x.ordered) / 1e9) : '–') },
                ]} />
            </Card>
            {(w.disk || !!w.licence_until) && (
              <Card title={t('disk-licence')}>
                <Facts of={[
                  ...(w.disk ? [
                    [t('disk-used'), `${percent(w.disk.size ? w.disk.used / w.disk.size : 0)} / ${number(Math.round(w.disk.size / 1e9))} GB`],
                    [t('disk-full-in'), w.disk.full_in_days === null ? t('not-foreseen') : t('days', { n: number(w.disk.full_in_days) })],
                  ] as [string, preact.ComponentChildren][] : []),
                  [t('retention'), w.retention_days ? t('days', { n: number(w.retention_days) }) : ''],
                  [t('licence-until'), w.licence_until ? <Time ns={w.licence_until} exact /> : ''],
                ]} />
              </Card>
            )}
          </>
        )}
      </Shown>
    </Page>
  );
}
