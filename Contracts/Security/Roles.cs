namespace OrleansDDM.Contracts.Security;

/// <summary>What a caller from outside may be. A token names one; a method's mark names all that it serves.</summary>
[Flags]
public enum Roles
{
    /// <summary>Nobody.</summary>
    None = 0,

    /// <summary>Looks on: status, metrics, events.</summary>
    Observer = 1,

    /// <summary>Holds data and trains for others; looks on.</summary>
    Peer = 2,

    /// <summary>Submits, resumes, stops and samples runs; looks on.</summary>
    Submitter = 4,

    /// <summary>May call every method that is open to anyone outside, and manage the cluster.</summary>
    Admin = 8,

    /// <summary>Everyone with a token.</summary>
    Everyone = Observer | Peer | Submitter | Admin,
}
