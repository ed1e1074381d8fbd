"""The backend of the audited system: it does everything itself, and nothing at all without its database."""

import logging
import os
import sys

import psycopg

NAME = os.environ.get("NAME", "backend")
logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {NAME}: %(message)s")
log = logging.getLogger(NAME)


def main() -> int:
    """Serve with the database, or say why not and give up: there is no second try."""
    log.info("connecting to PostgreSQL")
    try:
        database = psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=2, autocommit=True)
    except psycopg.Error as error:
        log.critical("cannot start: PostgreSQL is not reachable: %s", str(error).strip().splitlines()[0])
        return 1
    serve(database)
    return 0


def serve(database: psycopg.Connection) -> None:
    """Answer HTTP on PORT."""
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI(title="SutazAI backend")

    @app.get("/health")
    def health() -> dict[str, str]:
        database.execute("SELECT 1")
        return {"status": "healthy"}

    uvicorn.run(app, host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ["PORT"]))


if __name__ == "__main__":
    sys.exit(main())
