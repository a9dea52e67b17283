module.exports = {
    testEnvironment: 'node',
    testMatch: ['<rootDir>/src/**/*.spec.ts'],
    transform: { '^.+\\.tsx?$': ['@swc/jest'] }
};
