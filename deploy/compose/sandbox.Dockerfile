# The sandbox of deploy/compose/compose.yaml: a tenant for the demonstration, no part of the product.
FROM python:3.13.9-slim-bookworm

WORKDIR /app
COPY requirements-dev.txt .
# Of all that development needs, aiohttp and what aiohttp needs, with its hashes.
RUN awk '/^[a-z]/ { wanted = /^(aiohttp|aiohappyeyeballs|aiosignal|attrs|frozenlist|idna|multidict|propcache|yarl|typing-extensions)==/ } wanted' \
      requirements-dev.txt > sandbox.txt \
 && pip install --no-cache-dir --require-hashes -r sandbox.txt
COPY sandbox sandbox

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
ENTRYPOINT ["python", "-m", "sandbox"]
