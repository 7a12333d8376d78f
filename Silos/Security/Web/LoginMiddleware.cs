using System.Security.Claims;

using Microsoft.AspNetCore.Http;

using OrleansDDM.Contracts.Security;
using OrleansDDM.Silos.Security.Access;

namespace OrleansDDM.Silos.Security.Web;

/// <summary>
/// Stands before a silo's web pages. With tokens: who shows one (posted to <c>/login</c> and kept in a cookie, or as <c>Authorization: Bearer</c>) comes in as
/// what it says. Without: everyone comes in as an admin. Anything but looking needs the admin's role, unless its endpoint has an
/// <see cref="AllowAttribute"/>, and must not come from another site's page. An answer that goes on, as a stream of events does, is cut off when
/// its token has ended or was revoked.
/// </summary>
/// <param name="next">What is behind.</param>
/// <param name="gatekeeper">Knows tokens.</param>
/// <param name="clock">Tells when to look at a token again.</param>
/// <param name="options">What is open, and what is for admins.</param>
public sealed class LoginMiddleware(RequestDelegate next, Gatekeeper gatekeeper, TimeProvider clock, LoginOptions options)
{
    /// <summary>Time between two looks at the token of an answer that goes on.</summary>
    public static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(5);

    /// <summary>Name of the cookie.</summary>
    public const string Cookie = "ddm-session";

    /// <summary>The name of the claim with the role.</summary>
    public const string RoleClaim = ClaimTypes.Role;

    private const int MaxForm = 4096;
    private static readonly PathString Login = "/login";
    private static readonly PathString Logout = "/logout";

    /// <summary>Lets one request in, asks for a token, or refuses.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        HttpRequest request = context.Request;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.XFrameOptions = "DENY";

        // Not no-referrer: under that a browser sends the login's form with the origin "null", as another site's page may.
        context.Response.Headers["Referrer-Policy"] = "same-origin";
        bool looks = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        if (!looks && IsForeign(request))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "Another site's page asked for this.");
            return;
        }

        if (looks && options.Open.Contains(request.Path))
        {
            await next(context);
        }
        else if (request.Path == Login && gatekeeper.Asks)
        {
            await LoginAsync(context, looks);
        }
        else if (request.Path == Logout && HttpMethods.IsPost(request.Method))
        {
            context.Response.Cookies.Delete(Cookie);
            Redirect(context, Login);
        }
        else
        {
            await AdmitAsync(context, looks);
        }
    }

    // Browsers say where a request comes from; programs say nothing, and have no cookies that somebody could misuse.
    private static bool IsForeign(HttpRequest request) =>
        request.Headers.Origin is { Count: > 0 } origin && origin.ToString() != $"{request.Scheme}://{request.Host}";

    private static void Redirect(HttpContext context, PathString to)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = to.ToString();
    }

    private static async Task RefuseAsync(HttpContext context, int status, string why)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(why + "\n");
    }

    private async Task AdmitAsync(HttpContext context, bool looks)
    {
        HttpRequest request = context.Request;
        string? token = TokenOf(request);
        Caller caller;
        try
        {
            caller = gatekeeper.Identify(token);
        }
        catch (AccessDeniedException e)
        {
            Note(context, null, allowed: false, e.Message);
            if (looks && request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase)))
            {
                Redirect(context, Login);
                return;
            }

            context.Response.Headers.WWWAuthenticate = "Bearer";
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, e.Message);
            return;
        }

        Roles roles = options.ForAdmins.Any(p => request.Path.StartsWithSegments(p)) ? Roles.Admin
            : context.GetEndpoint()?.Metadata.GetMetadata<AllowAttribute>()?.Roles ?? (looks ? Roles.Everyone : Roles.Admin);
        if (!caller.Is(roles))
        {
            string why = $"This takes the role {Gatekeeper.Names(roles)}; '{caller.Name}' has the role {Gatekeeper.Names(caller.Role)}.";
            Note(context, caller, allowed: false, why);
            await RefuseAsync(context, StatusCodes.Status403Forbidden, why);
            return;
        }

        if (!looks)
        {
            Note(context, caller, allowed: true, null);
        }

        context.User = new ClaimsPrincipal(new ClaimsIdentity(
            [new Claim(ClaimTypes.Name, caller.Name), new Claim(RoleClaim, Gatekeeper.Names(caller.Role))], "token"));
        await using ITimer? look = gatekeeper.Asks ? clock.CreateTimer(_ => Look(), null, LookPeriod, LookPeriod) : null;
        await next(context);

        void Look()
        {
            if (!gatekeeper.Knows(token))
            {
                context.Abort();
            }
        }
    }

    private async Task LoginAsync(HttpContext context, bool looks)
    {
        if (looks)
        {
            await LoginPage.WriteAsync(context.Response, StatusCodes.Status200OK, null);
            return;
        }

        if (!HttpMethods.IsPost(context.Request.Method) || context.Request.ContentLength is null or > MaxForm || !context.Request.HasFormContentType)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"Post a form with the field 'token', of at most {MaxForm} bytes.");
            return;
        }

        try
        {
            string token = (await context.Request.ReadFormAsync(context.RequestAborted))["token"].ToString().Trim();
            Caller caller = gatekeeper.Identify(token);
            Note(context, caller, allowed: true, null);
            context.Response.Cookies.Append(Cookie, token, new CookieOptions
            {
                HttpOnly = true,
                SameSite = SameSiteMode.Strict,
                Secure = context.Request.IsHttps,
                Expires = Tokens.Token.Read(token)!.Expires,
            });
            Redirect(context, "/");
        }
        catch (Exception e) when (e is AccessDeniedException or InvalidDataException or BadHttpRequestException)
        {
            Note(context, null, allowed: false, e.Message);
            await LoginPage.WriteAsync(context.Response, StatusCodes.Status401Unauthorized, e.Message);
        }
    }

    private static string? TokenOf(HttpRequest request)
    {
        const string bearer = "Bearer ";
        string authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(bearer, StringComparison.OrdinalIgnoreCase) ? authorization[bearer.Length..].Trim() : request.Cookies[Cookie];
    }

    private void Note(HttpContext context, Caller? caller, bool allowed, string? why) => gatekeeper.Note(new AuditEntry(
        caller?.Name,
        caller is null ? null : Gatekeeper.Names(caller.Role),
        context.Connection.RemoteIpAddress?.ToString() ?? "?",
        context.Request.Method + " " + context.Request.Path,
        null,
        allowed,
        why));
}
