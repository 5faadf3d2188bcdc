# The job in a container: Python, Microsoft's ODBC driver, the pinned requirements, nothing else.
#   docker build -t auth0-sql-sync .
#   docker build -t auth0-sql-sync --build-arg WITH_ENTRA=true .    for MSSQL_AD_LOGIN
#   docker run --rm --read-only --env-file .env -v auth0-sql-sync:/state auth0-sql-sync
FROM python:3.13.9-slim-bookworm

# Microsoft's ODBC Driver 18 from its own apt repository. The key is taken only if it is the one that
# Microsoft publishes: https://learn.microsoft.com/linux/packages. The driver's licence is accepted here.
ARG MICROSOFT_KEY=BC528686B50D79E339D3721CEB3E94ADBE1229CF
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl gnupg \
 && curl -fsSL https://packages.microsoft.com/keys/microsoft.asc -o /tmp/microsoft.asc \
 && test "$(gpg --show-keys --with-colons /tmp/microsoft.asc | awk -F: '$1 == "fpr" { print $10; exit }')" = "$MICROSOFT_KEY" \
 && gpg --dearmor -o /usr/share/keyrings/microsoft.gpg /tmp/microsoft.asc \
 && echo "deb [arch=amd64,arm64 signed-by=/usr/share/keyrings/microsoft.gpg] https://packages.microsoft.com/debian/12/prod bookworm main" \
    > /etc/apt/sources.list.d/microsoft.list \
 && apt-get update \
 && ACCEPT_EULA=Y apt-get install -y --no-install-recommends msodbcsql18 \
 && apt-get purge -y --auto-remove curl gnupg \
 && rm -rf /var/lib/apt/lists/* /tmp/microsoft.asc

WORKDIR /app
COPY requirements.txt .
COPY requirements-entra.txt .
ARG WITH_ENTRA=false
RUN pip install --no-cache-dir --no-compile --require-hashes -r requirements.txt \
 && if [ "$WITH_ENTRA" = true ]; then \
      pip install --no-cache-dir --no-compile --require-hashes -r requirements-entra.txt; \
    fi

COPY main.py .
COPY client client
COPY config config
COPY database database
COPY sync sync
RUN python -m compileall -q . && install -d -o 10001 -g 10001 -m 0700 /state

# Nothing is written but the state folder: the root file system may be read-only.
ENV SYNC_STATE_DIR=/state PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
VOLUME /state
USER 10001:10001
ENTRYPOINT ["python", "main.py"]
