"""Work for later: what a transaction decided and a worker carries out. `operations.defer` asks, `worker` does.

Journeys declare their jobs (`registry.Job`); the queue is procrastinate's, in the same database.
"""
