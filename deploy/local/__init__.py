"""The whole system on one machine without containers: real RabbitMQ, an embedded MongoDB and S3, five services, a gateway."""
