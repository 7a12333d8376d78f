using Microsoft.AspNetCore.Routing;

namespace OrleansDDM.Silos.Web;

/// <summary>The routes of a silo by who asks.</summary>
/// <param name="People">Pages, with what they read.</param>
/// <param name="Machines">Metrics and health.</param>
internal sealed record WebGroups(RouteGroupBuilder People, RouteGroupBuilder Machines);
