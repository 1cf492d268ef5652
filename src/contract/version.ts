/** Version of this engine, part of every plan digest; a test holds it equal to package.json. */
export const engineVersion = '0.1.0';
