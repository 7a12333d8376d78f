using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Silos.Security.Access;

/// <summary>Who calls from outside.</summary>
/// <param name="Name">The token's name.</param>
/// <param name="Role">The token's role.</param>
public sealed record Caller(string Name, Roles Role)
{
    /// <summary>Everyone, where nobody is asked who he is.</summary>
    public static readonly Caller Anyone = new("anyone", Roles.Admin);

    /// <summary>Whether he has one of the roles.</summary>
    public bool Is(Roles roles) => (Role & roles) != 0;
}
