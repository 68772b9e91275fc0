"""The package behind the DAGs. Where to look, by what is to be changed:

what is deployed     settings, topology, definitions, policies, orchestrator_policies, packaging, drift
                     deployment (of this process), endpoint_guard (no request leaves its target)
the change event     change_event (a line of raw/), curated_form (the row that it becomes)
generate, backfill   workload (the orders), generate_run, backfill_run, change_writer
batch                schedule, delivery (has all arrived?), batch_statements, pipeline_ledger, batch_report
reconcile, repair    reconciliation, partitions, chain_barrier (all that was written before has arrived)
redrive              redrive, dead_letters
drill                drill (copies and poison), verdict
cost and limits      cost, scaling
Airflow's pages      dag_form, links, ui (the page Sales CDC)
towards AWS          hooks (one a service or table), operators, sensors, triggers, waiters

Most modules are pure: no Airflow, no AWS client. What talks to AWS is in hooks; tasks are in operators and sensors.
"""
