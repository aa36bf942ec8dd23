// What several pages of the fleet need: a file that is there is rolled out from wherever it is shown.
import { useState } from 'preact/hooks';
import { part, send } from '../toolkit/api';
import { duration, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { go } from '../toolkit/route';
import { Ask, Choice, say, TextField } from '../toolkit/ui';
import { allCustomers, customerName, sitesInScope } from './scope';

export interface FleetFile { kind: string; version: string; size: number; made: number; author: string; reason: string; sha256: string }

/** How long a ring is watched before the next one. */
const SOAKS = [0, 300, 1800, 7200, 86400];

/** Which boxes: all, a customer's, a site's. */
function Whose({ whose, setWhose }: { whose: string; setWhose: (v: string) => void }) {
  return (
    <Choice label={t('whose-boxes')} value={whose} onValue={setWhose} options={[
      ['', t('whole-fleet')], ...allCustomers().map((c): [string, string] => [`customer:${c.id}`, c.name]), ...sitesInScope().map((s): [string, string] => [`site:${s}`, s]),
    ]} />
  );
}

/** `kind` and `version`: what is rolled out; without them they are chosen. */
export function RollOut({ kind: firstKind, version: firstVersion, button, again, quiet }: { kind?: string; version?: string; button?: string; again?: () => void; quiet?: boolean }) {
  const [kind, setKind] = useState(firstKind ?? 'bundle');
  const [version, setVersion] = useState(firstVersion ?? '');
  const [scope, setScope] = useState('fleet');
  const [whose, setWhose] = useState('');
  const [soak, setSoak] = useState('1800');
  const files = useApi<{ files: FleetFile[] }>(firstVersion ? null : 'fleet-files', 'bundles');
  const versions = [...(files.data?.files ?? [])].filter((f) => f.kind === kind).sort((a, b) => b.made - a.made).map((f): [string, string] => [f.version, f.version]);
  const what = firstVersion ?? (kind === 'config' ? version.trim() : version || versions[0]?.[0] || '');
  const [, of, name] = /^(customer|site):(.*)$/.exec(whose) ?? [];
  const start = (reason: string) => send('POST', 'rollouts', { kind, version: what, soak_s: Number(soak), ...(kind === 'config' ? { scope: scope.trim() } : of ? { [of]: name } : {}), reason });
  return (
    <Ask button={button ?? t('rollout-new')} kind={quiet ? 'quiet' : 'main'} title={firstVersion ? t('rollout-of', { name: firstVersion }) : t('rollout-new')} confirm={t('rollout-start')} onDo={start}
      done={() => {
        say(t('rollout-started'));
        again?.();
        if (firstVersion) go('fleet', 'rollouts');
      }}>
      <p>{t('rollout-about')}</p>
      <div class="grid-form">
        {!firstVersion && <Choice label={t('kind')} value={kind} onValue={(k) => { setKind(k); setVersion(''); }} options={['bundle', 'pattern', 'config', 'firmware'].map((k): [string, string] => [k, word('version', k)])} />}
        {!firstVersion && kind !== 'config' && <Choice label={t('versions')} value={what} onValue={setVersion} options={versions.length ? versions : [['', t('no-file')]]} />}
        {kind === 'config' && <TextField label={t('versions')} value={version} onValue={setVersion} required inputMode="numeric" autocomplete="off" />}
        {kind === 'config' ? <TextField label={t('config-scope')} value={scope} onValue={setScope} required help={t('config-scope-help')} autocomplete="off" /> : <Whose whose={whose} setWhose={setWhose} />}
        <Choice label={t('soak')} value={soak} onValue={setSoak} options={SOAKS.map((s): [string, string] => [String(s), s ? duration(s) : t('soak-none')])} help={t('soak-help')} />
      </div>
    </Ask>
  );
}

export const orderRollout = (id: number, order: string) => (reason: string) => send('POST', `rollouts/${part(String(id))}/${order}`, { reason });

/** "site:kobe-port" as people say it. */
export function scopeText(scope: string): string {
  const [kind, name] = scope.split(/:(.*)/);
  if (!name) return scope === 'fleet' || scope === 'all' ? t('whole-fleet') : scope;
  return `${word('scope', kind)}: ${kind === 'customer' ? customerName(name) : name}`;
}
