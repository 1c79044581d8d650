# Two stages: packages are built where a compiler may be needed, and run where there is none.
FROM python:3.11-slim AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements.txt /tmp/requirements.txt
RUN /venv/bin/pip install --require-hashes --requirement /tmp/requirements.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 VAR_DIR=/hub/var
RUN useradd --system --uid 10001 --home-dir /hub --shell /usr/sbin/nologin hub
WORKDIR /hub
COPY --from=packages /venv /venv
COPY manage.py ./
COPY integration_hub ./integration_hub
COPY providers ./providers
COPY templates ./templates
COPY static ./static
COPY locale ./locale
# The static files belong to the image. DEBUG=0 and throwaway keys: nothing of this command but the files is kept.
RUN install -d -o hub -g hub var var/imports \
    && SECRET_KEY=only-while-the-image-is-built-0123456789-abcdefghijklmnop \
       FIELD_ENCRYPTION_KEY=b25seS13aGlsZS10aGUtaW1hZ2UtaXMtYnVpbHQtLi4= \
       HUB_ENV_FILE=0 python manage.py collectstatic --noinput --verbosity 0 \
    && chown -R hub:hub var
USER hub
EXPOSE 8000
# `web`, `worker` or `beat`; anything else is given to manage.py with: python manage.py …
CMD ["python", "-m", "integration_hub.hub.up", "web"]
