using Microsoft.AspNetCore.Http;

namespace OrleansDDM.Silos.Security.Web;

/// <summary>What a silo's web pages show to whom.</summary>
public sealed record LoginOptions
{
    /// <summary>Paths that anyone may look at: what a load balancer asks. They tell nothing of runs.</summary>
    public IReadOnlySet<PathString> Open { get; init; } = new HashSet<PathString>();

    /// <summary>Paths, with all below them, that are for admins: the Orleans dashboard calls methods of grains on behalf of the silo.</summary>
    public IReadOnlyList<PathString> ForAdmins { get; init; } = ["/dashboard"];
}
