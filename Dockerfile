# One image for every service of docker-compose.yaml: Airflow with the project's DAGs, and the local cloud.
FROM python:3.11.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    AIRFLOW_HOME=/opt/airflow \
    LOCAL_CLOUD_HOME=/opt/local-cloud \
    PYTHONPATH=/opt/sales-cdc:/opt/sales-cdc/plugins:/opt/sales-cdc/local_cloud/src

WORKDIR /opt/sales-cdc

COPY requirements/compose.txt requirements/compose.txt
RUN pip install --require-hashes -r requirements/compose.txt

COPY local_cloud/src/ local_cloud/src/
COPY plugins/ plugins/
COPY dags/ dags/
COPY include/ include/

# The volumes of docker-compose.yaml take their owner from these folders.
RUN groupadd --gid 50000 airflow \
    && useradd --uid 50000 --gid airflow --home-dir /opt/airflow --no-create-home --shell /usr/sbin/nologin airflow \
    && mkdir -p /opt/airflow/logs /opt/airflow/login /opt/local-cloud /opt/jars \
    && chown -R airflow:airflow /opt/airflow /opt/local-cloud /opt/jars
USER airflow
