namespace Orchestrator.Regression.Notification;

/// <summary>Who is told of a night that did not pass.</summary>
public sealed record NotificationTargets
{
    /// <summary>A program and its arguments; empty for none. No shell reads them.</summary>
    public IReadOnlyList<string> OnFailure { get; init; } = [];

    /// <summary>Where a summary is posted to; <see langword="null"/> for nowhere. Whatever may be secret in it, a user, a path or a query, is never told.</summary>
    public Uri? Webhook { get; init; }

    /// <summary>How long each of them may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A webhook's address; <see langword="null"/> when it is none: <c>https</c> or <c>http</c>, with a host.</summary>
    /// <param name="text">What the user wrote.</param>
    public static Uri? WebhookOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp) && uri.Host.Length > 0 ? uri : null;
}
