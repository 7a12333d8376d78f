namespace OrleansDDM.Contracts.Security;

/// <summary>
/// Opens a grain method to callers from outside the cluster that have one of the roles; an admin has them all. A method without this mark
/// serves silos only.
/// </summary>
/// <param name="roles">Who may call it.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AllowAttribute(Roles roles) : Attribute
{
    /// <summary>Who may call it; admins always.</summary>
    public Roles Roles { get; } = roles | Roles.Admin;

    /// <summary>Whether it changes something: each call of it is written to the audit log.</summary>
    public bool Mutates { get; init; }

    /// <summary>Whether it moves bytes of artifacts: calls of it count against the caller's transfers in flight.</summary>
    public bool Transfers { get; init; }
}
