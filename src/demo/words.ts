/** Raw material of the generated people and things. */
export const givenNames = ['Ana', 'Bjørn', 'Chloé', 'Dmitri', 'Élodie', 'François', 'Göran', 'Håkon', 'Inês', 'José', 'Łukasz', 'María', 'Noël', 'Øystein', 'Zoë', 'Siobhán', 'Jürgen', 'Renée', 'Sören', 'Anaïs'] as const;
export const familyNames = ["O'Neill", 'Müller', 'Ångström', 'García', 'Nuñez', 'Dvořák', 'Șerban', 'Smith', 'Jones', 'Kowalczyk', 'Peña', 'Lefèvre', 'van der Berg', 'Çelik', 'Nowak', 'Yılmaz', 'Øst', 'Brontë', 'Weiß', 'Ó Súilleabháin'] as const;
export const brands = ['Acme', 'Björk & Söhne', 'Cañada', 'Delta™', 'Ümlaut'] as const;
export const things = ['lamp', 'crème brûlée torch', 'chair', 'naïve clock', 'desk 木', 'cactus 🌵', 'piñata', 'notebook', 'kettle', 'bicycle 🚲'] as const;
export const states = [['CA', 'California'], ['NY', 'New York'], ['TX', 'texas'], ['WA', 'Washington'], ['FL', 'FLORIDA'], ['OH', 'Ohio'], ['NC', 'North Carolina'], ['NV', 'nevada']] as const;
export const notes = [null, '', 'N/A', 'called twice', 'prefers e-mail\nnot phone', 'VIP ⭐', 'path C:\\temp\\x', 'tab\there', '"quoted", with comma'] as const;
