"""Builds notifications: settings, providers, repositories, use-cases, doors."""

from datetime import timedelta

from fastapi import FastAPI
from pydantic import SecretStr

from chassis.app import Chassis, serve
from chassis.breaker import CircuitBreaker
from services.notifications import api, consumers
from services.notifications.domain import Channel, Retry
from services.notifications.gateways import Attachments, GuardedProvider, Provider, SmsProvider, SmtpProvider, Templates
from services.notifications.repository import DeliveryRepository, NoticeRepository, RecipientRepository
from services.notifications.settings import Settings
from services.notifications.usecases import Bell, Terms, UseCases


def create_app(settings: Settings) -> FastAPI:
    """The whole service of these settings."""
    chassis = Chassis("notifications", settings)
    http = chassis.http_client(settings.provider_timeout_seconds)
    recipients = RecipientRepository(chassis.database, chassis.cipher)
    notices = NoticeRepository(chassis.database)
    deliveries = DeliveryRepository(chassis.database, chassis.cipher)
    usecases = UseCases(
        begin=chassis.begin,
        recipients=recipients,
        notices=notices,
        deliveries=deliveries,
        templates=Templates(public_url=settings.public_url, time_zone=settings.time_zone),
        providers={
            Channel.EMAIL: _guarded(settings, _smtp(settings)),
            Channel.SMS: _guarded(settings, SmsProvider(http, settings.sms_url, _secret(settings.sms_token))),
        },
        attachments=Attachments(http, settings.attachment_limit_bytes),
        bell=Bell(limit=settings.streams_per_person),
        terms=_terms(settings),
        now=chassis.clock.now,
    )
    return chassis.app(
        title="Медкабинет: уведомления",
        usecases=usecases,
        api_routers=[api.router],
        consumers_router=consumers.router,
        prepare=[recipients.prepare, notices.prepare, deliveries.prepare],
        background=[usecases.hear_other_replicas],
    )


def _smtp(settings: Settings) -> SmtpProvider:
    return SmtpProvider(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        user=settings.smtp_user,
        password=_secret(settings.smtp_password),
        sender=settings.mail_from,
        timeout_seconds=settings.provider_timeout_seconds,
    )


def _guarded(settings: Settings, provider: Provider) -> GuardedProvider:
    return GuardedProvider(
        provider,
        CircuitBreaker(settings.breaker_failures, settings.breaker_open_seconds, concurrency=settings.provider_concurrency),
    )


def _terms(settings: Settings) -> Terms:
    return Terms(
        delivery_lease=timedelta(seconds=settings.delivery_lease_seconds),
        delivery_expiry=timedelta(hours=settings.delivery_expiry_hours),
        notice_retry=Retry(
            attempts=settings.delivery_attempts,
            first=timedelta(seconds=settings.delivery_backoff_seconds),
            factor=settings.delivery_backoff_factor,
            longest=timedelta(seconds=settings.delivery_backoff_limit_seconds),
        ),
        code_retry=Retry(
            attempts=settings.delivery_attempts * 4,
            first=timedelta(seconds=settings.code_backoff_seconds),
            factor=2,
            longest=timedelta(seconds=settings.code_backoff_limit_seconds),
        ),
        repeat_every=timedelta(hours=settings.repeat_hours),
        repeat_limit=settings.repeat_limit,
        stream_poll_seconds=settings.stream_poll_seconds,
        stream_heartbeat_seconds=settings.stream_heartbeat_seconds,
    )


def _secret(value: SecretStr | None) -> str | None:
    return None if value is None else value.get_secret_value()


if __name__ == "__main__":
    serve("notifications", create_app, Settings)
