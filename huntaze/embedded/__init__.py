"""The embedded run: a real PostgreSQL, a real Valkey and every process of Huntaze, started and watched by one command."""
