/** The legacy CRM as somebody left it in 2009: everything text that could be text, nothing declared that could be guessed. */
export const legacySchema = `
create table public.tbl_cust (
  cust_no int primary key, cust_nm text, e_mail text, phone text, state_cd text, stat text, signup_dt text,
  credit_lim_cents int, del_flag char(1), fax_no text, notes text, upd_ts timestamp not null
);
create table public.tbl_contact (
  contact_id int primary key, cust_no int, contact_nm text, e_mail text, birth_dt text
);
create table public.tbl_prod (
  prod_cd text primary key, brand text, descr text, price text, wt_g int, active text
);
create table public.tbl_order (
  order_id int primary key, cust_no int, order_dt text, stat text, ship_state text, replaces_id int
);
create table public.tbl_order_line (
  order_id int, line_no int, prod_cd text, qty text, unit_cents int, disc_pct text, primary key (order_id, line_no)
);
create table public.tbl_invoice (
  inv_no text primary key, order_id int, inv_dt text, total_cents bigint, paid text
);
create table public.tbl_payment (
  pay_id uuid primary key, inv_no text, amount text, paid_on text, method text
);
`;

/** Columns of each legacy table in COPY order. */
export const legacyColumns = {
  tbl_cust: [
    'cust_no',
    'cust_nm',
    'e_mail',
    'phone',
    'state_cd',
    'stat',
    'signup_dt',
    'credit_lim_cents',
    'del_flag',
    'fax_no',
    'notes',
    'upd_ts',
  ],
  tbl_contact: ['contact_id', 'cust_no', 'contact_nm', 'e_mail', 'birth_dt'],
  tbl_prod: ['prod_cd', 'brand', 'descr', 'price', 'wt_g', 'active'],
  tbl_order: ['order_id', 'cust_no', 'order_dt', 'stat', 'ship_state', 'replaces_id'],
  tbl_order_line: ['order_id', 'line_no', 'prod_cd', 'qty', 'unit_cents', 'disc_pct'],
  tbl_invoice: ['inv_no', 'order_id', 'inv_dt', 'total_cents', 'paid'],
  tbl_payment: ['pay_id', 'inv_no', 'amount', 'paid_on', 'method'],
} as const;

export type LegacyTable = keyof typeof legacyColumns;
