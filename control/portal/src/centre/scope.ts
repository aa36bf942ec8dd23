// Whose data is looked at: the vendor's people choose a customer or see all, a customer's people see
// their own. The frame draws anew when it changes, and with it everything.
import { useEffect, useState } from 'preact/hooks';
import { ALL, query, type Session } from '../toolkit/api';
import { setZone } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import type { Customer } from './data';

let chosen = sessionStorage.getItem('customer') ?? '';
let customers: Customer[] = [];
let demo = false;
let draw = () => {};

export const isVendor = (s: Session): boolean => (s.may & ALL) !== 0;
/** Everything is made up (--demo): each page says so. */
export const isDemo = (): boolean => demo;
export const chosenCustomer = (): string => chosen;
export const allCustomers = (): Customer[] => customers;
export const customerName = (id: string): string => customers.find((c) => c.id === id)?.name || id;
/** Whether lists hold more than one customer's lines. */
export const isMixed = (): boolean => !chosen && customers.length > 1;

export function chooseCustomer(id: string): void {
  chosen = id;
  sessionStorage.setItem('customer', id);
  draw();
}

/** Sites in question. */
export const sitesInScope = (): string[] =>
  customers.filter((c) => !chosen || c.id === chosen).flatMap((c) => c.sites).sort();

/** "?customer=...&a=b" */
export const scoped = (args: Record<string, string | number | boolean | undefined> = {}): string =>
  query({ customer: chosen, ...args });

/** In the frame only: keeps the customers and the zone true. */
export function useScope(session: Session): void {
  const [, again] = useState(0);
  useEffect(() => {
    draw = () => again((n) => n + 1);
    return () => {
      draw = () => {};
    };
  }, []);
  const status = useApi<{ zone: string; is_demo: boolean }>('status');
  const loaded = useApi<{ customers: Customer[] }>('customers', 'customers', 'sites');
  customers = loaded.data?.customers ?? [];
  if (!isVendor(session)) chosen = '';
  else if (chosen && loaded.data && !customers.some((c) => c.id === chosen)) chosen = '';
  const whose = isVendor(session) ? customers.find((c) => c.id === chosen) : customers[0];
  demo = status.data?.is_demo ?? false;
  setZone(whose?.zone || status.data?.zone || '');
}
