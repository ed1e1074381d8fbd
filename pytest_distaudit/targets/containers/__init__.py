"""Systems in containers: a project of Docker Compose, or its services one by one with testcontainers."""
