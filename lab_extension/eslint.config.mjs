import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
    { ignores: ['lib', 'node_modules', 'style', 'gristmill_lab', 'src/api/wire.ts', '*.mjs', '*.cjs'] },
    ...tseslint.configs.strictTypeChecked,
    ...tseslint.configs.stylisticTypeChecked,
    {
        languageOptions: { parserOptions: { project: './tsconfig.json' } },
        plugins: { 'react-hooks': hooks },
        rules: {
            ...hooks.configs.recommended.rules,
            '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
            '@typescript-eslint/naming-convention': [
                'error',
                { selector: 'interface', format: ['PascalCase'], prefix: ['I'] } // as JupyterLab's own
            ],
            '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
            '@typescript-eslint/no-dynamic-delete': 'off',
            '@typescript-eslint/dot-notation': 'off', // an index signature is asked by brackets, and tsc agrees
            '@typescript-eslint/unbound-method': 'off', // signals take a slot and its `this` apart
            eqeqeq: 'error'
        }
    }
);
