module.exports = {
    testEnvironment: 'node',
    modulePathIgnorePatterns: ['<rootDir>/gristmill_lab'],
    testMatch: ['<rootDir>/src/**/*.spec.ts'],
    transform: { '^.+\\.tsx?$': ['@swc/jest'] }
};
