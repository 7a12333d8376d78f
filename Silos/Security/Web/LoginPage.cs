using System.Net;

using Microsoft.AspNetCore.Http;

namespace OrleansDDM.Silos.Security.Web;

/// <summary>The page that asks for a token.</summary>
internal static class LoginPage
{
    public static async Task WriteAsync(HttpResponse response, int status, string? fault)
    {
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        response.Headers.CacheControl = "no-store";
        string alert = fault is null ? string.Empty : $"<p role=\"alert\">{WebUtility.HtmlEncode(fault)}</p>";
        await response.WriteAsync($$"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>OrleansDDM: log in</title>
            <style>body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:10vh auto;padding:0 1rem}input{width:100%;box-sizing:border-box;font:inherit;padding:.5rem}button{font:inherit;margin-top:1rem;padding:.5rem 1.5rem}[role=alert]{color:#a40000}</style></head>
            <body><main><h1>OrleansDDM</h1>{{alert}}
            <form method="post" action="/login"><label for="token">Token (ask an admin: <code>ddm token create</code>)</label>
            <input id="token" name="token" type="password" autocomplete="off" required autofocus><button>Log in</button></form></main></body></html>
            """);
    }
}
