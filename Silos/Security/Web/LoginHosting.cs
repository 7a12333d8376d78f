using Microsoft.AspNetCore.Builder;

using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Silos.Security.Web;

/// <summary>Puts the login before web pages.</summary>
public static class LoginHosting
{
    /// <summary>Adds <see cref="LoginMiddleware"/>; call it before the pages are mapped.</summary>
    public static IApplicationBuilder UseDdmLogin(this IApplicationBuilder application, LoginOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return application.UseMiddleware<LoginMiddleware>(options);
    }

    /// <summary>Says who may use an endpoint; the default is everyone for looking, admins for all else.</summary>
    public static T RequireRoles<T>(this T endpoint, Roles roles)
        where T : IEndpointConventionBuilder
    {
        endpoint.Add(e => e.Metadata.Add(new AllowAttribute(roles)));
        return endpoint;
    }
}
