using OrleansDDM.Contracts.Security;
using OrleansDDM.Silos.Security.Tokens;

namespace OrleansDDM.Silos.Security.Access;

/// <summary>Decides about calls from outside: who calls, whether he may, whether he asks for too much, and what the audit log hears of it.</summary>
public sealed class Gatekeeper
{
    private readonly TokenVerifier? _verifier;
    private readonly CallerLimits _limits;
    private readonly AuditLog _audit;

    /// <summary>Creates it.</summary>
    /// <param name="verifier">Checks tokens; null = nobody is asked who he is, and everyone may do what an admin may.</param>
    /// <param name="limits">What one caller may ask for at a time.</param>
    /// <param name="audit">Where decisions are written.</param>
    public Gatekeeper(TokenVerifier? verifier, CallerLimits limits, AuditLog audit)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(audit);
        (_verifier, _limits, _audit) = (verifier, limits, audit);
    }

    /// <summary>Whether callers must show a token.</summary>
    public bool Asks => _verifier is not null;

    /// <summary>Who shows this token.</summary>
    /// <exception cref="AccessDeniedException">Nobody that this cluster knows.</exception>
    public Caller Identify(string? token)
    {
        if (_verifier is null)
        {
            return Caller.Anyone;
        }

        Token shown = _verifier.Verify(token);
        return new Caller(shown.Name, shown.Role);
    }

    /// <summary>Whether somebody that this cluster knows shows this token, now.</summary>
    public bool Knows(string? token) => _verifier is null || _verifier.TryVerify(token, out _, out _);

    /// <summary>Lets a call in, or throws; the result is disposed when the call is over.</summary>
    /// <param name="token">What the caller shows.</param>
    /// <param name="rule">The method's rule.</param>
    /// <param name="method">The method, as <c>IRunGrain.SubmitAsync</c>.</param>
    /// <param name="target">The grain.</param>
    /// <param name="source">The client's id on the wire.</param>
    /// <exception cref="AccessDeniedException">The caller is unknown or may not.</exception>
    /// <exception cref="TooManyRequestsException">The caller asks for more than one caller may.</exception>
    internal IDisposable? Admit(string? token, AccessRule rule, string method, string target, string source)
    {
        Caller? caller = null;
        try
        {
            caller = Identify(token);
            if (!caller.Is(rule.Roles))
            {
                throw new AccessDeniedException(rule.Roles == Roles.None
                    ? $"{method} is not open to clients: it serves the silos of the cluster only."
                    : $"{method} takes the role {Names(rule.Roles)}; '{caller.Name}' has the role {Names(caller.Role)}. Ask for another token: ddm token create.");
            }

            // Without identities there is nobody to count for.
            IDisposable? place = Asks ? _limits.Enter(caller.Name, rule.Transfers) : null;
            if (rule.Mutates)
            {
                _audit.Write(Entry(allowed: true, reason: null));
            }

            return place;
        }
        catch (Exception e) when (e is AccessDeniedException or TooManyRequestsException)
        {
            _audit.Write(Entry(allowed: false, e.Message));
            throw;
        }

        AuditEntry Entry(bool allowed, string? reason) =>
            new(caller?.Name, caller is null ? null : Names(caller.Role), source, method, target, allowed, reason);
    }

    /// <summary>Writes down that a connection or a page was refused, or that somebody logged in.</summary>
    internal void Note(AuditEntry entry) => _audit.Write(entry);

    /// <summary>Roles in words.</summary>
    internal static string Names(Roles roles) => string.Join(
        " or ",
        new[] { Roles.Observer, Roles.Peer, Roles.Submitter, Roles.Admin }.Where(r => (roles & r) != 0).Select(r => r.ToString().ToLowerInvariant()));
}
