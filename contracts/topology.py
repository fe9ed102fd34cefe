"""Who listens to what: the one table from which queues are made and against which consumers are checked.

Every publisher declares the queues of all listeners before it publishes, so an event never meets a missing queue,
whichever service starts first.
"""

from contracts import access, applications, documents, identity, notifications, support
from contracts.base import Event

EVENTS_EXCHANGE = "medkabinet.events"
ARCHIVE_STREAM = "medkabinet.events.archive"

SUBSCRIPTIONS: dict[str, tuple[type[Event], ...]] = {
    "identity": (
        applications.ApplicationsExported,
        documents.DocumentsExported,
        notifications.NotificationsExported,
        support.SupportExported,
        identity.DataExportRequested,
        identity.DataExportTermReached,
        access.PersonalDataRead,
        applications.ApplicationRejected,
        applications.ApplicationSubmitted,
        applications.ApplicationWithdrawn,
        applications.CertificateIssued,
        documents.DocumentAccepted,
        documents.DocumentReceived,
        documents.DocumentRejected,
        identity.PasswordResetRequested,
        identity.ErasureTermReached,
        identity.RegistrationTermReached,
        identity.ProfileTermReached,
        identity.VerificationRequested,
    ),
    "applications": (
        identity.DataExportRequested,
        applications.ApplicationApproved,
        applications.ApplicationSubmitted,
        applications.ElectronicDocumentRequested,
        applications.InformationProvided,
        applications.TermReached,
        documents.DocumentAccepted,
        documents.DocumentReceived,
        documents.DocumentRejected,
        identity.PortalConfirmed,
        identity.ContactsChanged,
        identity.CorrectionOverdue,
        identity.ProfileChanged,
        identity.PersonErased,
        identity.ProfileRefused,
        identity.ProfileVerified,
        identity.RegistrationLapsed,
        identity.StaffMemberAdded,
        identity.StaffMemberDeactivated,
    ),
    "documents": (
        identity.DataExportRequested,
        applications.ApplicationRejected,
        applications.ApplicationSubmitted,
        applications.ApplicationWithdrawn,
        applications.ApprovalRecommended,
        applications.CertificateIssued,
        applications.InformationProvided,
        applications.InformationRequested,
        applications.ReviewClaimed,
        applications.ReviewReleased,
        documents.CheckRequested,
        documents.CheckTermReached,
        documents.DocumentReceived,
        documents.RemovalTermReached,
        documents.UploadTermReached,
        identity.PersonErased,
        identity.RegistrationLapsed,
    ),
    "notifications": (
        identity.DataExportReady,
        identity.DataExportRequested,
        applications.ApplicationApproved,
        applications.ApplicationRejected,
        applications.ApplicationSubmitted,
        applications.ApplicationWithdrawn,
        applications.CertificateExpiring,
        applications.CertificateIssued,
        applications.DeadlineMissed,
        applications.DeadlineNear,
        applications.ElectronicDocumentIssued,
        applications.InformationProvided,
        applications.InformationRequested,
        applications.ReviewBegun,
        documents.DocumentAccepted,
        documents.DocumentDelayed,
        documents.DocumentRejected,
        identity.BulkReadingDetected,
        identity.ContactsChanged,
        identity.CorrectionDueSoon,
        identity.CorrectionOverdue,
        identity.ErasureCancelled,
        identity.ErasurePlanned,
        identity.OneTimeCodeIssued,
        identity.PersonErased,
        identity.PractitionerRegistered,
        identity.ProfileChanged,
        identity.ProfileRefused,
        identity.ProfileVerified,
        identity.RegistrationLapsed,
        identity.SecurityAlertRaised,
        identity.VerificationEscalated,
        notifications.DeliveryRequested,
        notifications.RepeatDue,
        support.TicketAnswered,
        support.TicketClosed,
        support.TicketOpened,
        support.TicketOverdue,
    ),
    "support": (
        identity.DataExportRequested,
        applications.ApplicationSubmitted,
        applications.DeadlineMissed,
        identity.PersonErased,
        identity.StaffMemberAdded,
        identity.StaffMemberDeactivated,
        notifications.DeliveryFailed,
        support.TicketTermReached,
    ),
}

ARCHIVED: tuple[type[Event], ...] = (identity.AccessLogAnchored, identity.OneTimeCodeWithheld)
"""Facts that no service acts on: the archive keeps them for whoever looks back."""


def queue_name(service: str, event: type[Event]) -> str:
    """`<service>.<event type>`."""
    return f"{service}.{event.type}"
