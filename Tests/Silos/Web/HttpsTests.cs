using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts.Security;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Tls;
using OrleansDDM.Silos.Security.Web;
using OrleansDDM.Silos.Web;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.Silos.Security;

using Xunit;

namespace OrleansDDM.Tests.Silos.Web;

/// <summary>Pages by HTTPS.</summary>
public sealed class HttpsTests : IDisposable
{
    private readonly RunFolder _folder = new();
    private readonly Lazy<Task<string>> _database = new(TestPostgres.InstalledAsync);
    private readonly Keyring _ring;
    private readonly CertificateAuthority _authority;

    public HttpsTests()
    {
        _ring = new Keyring(_folder);
        _authority = CertificateAuthority.Create(_folder.File("pki"), TimeProvider.System);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _ring.Dispose();
        _folder.Dispose();
    }

    [PostgresFact]
    public async Task Login_cookie_goes_over_https_only_and_the_certificate_is_that_of_the_silo()
    {
        await using ClusterSilo silo = await StartAsync(_authority.AddSilo("127.0.0.1"), connections: 3);
        Assert.StartsWith("https://127.0.0.1:", silo.Info.HttpUrl, StringComparison.Ordinal);
        using HttpClient http = Client(silo);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/")).StatusCode);
        string token = await File.ReadAllTextAsync(_ring.Token(Roles.Observer));
        using var login = new HttpRequestMessage(HttpMethod.Post, "/login") { Content = new FormUrlEncodedContent([KeyValuePair.Create("token", token)]) };
        login.Headers.Add("Origin", silo.Info.HttpUrl);
        HttpResponseMessage answer = await http.SendAsync(login);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        string cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase);
        http.DefaultRequestHeaders.Add("Cookie", cookie.Split(';')[0]);
        Assert.Contains("<title>OrleansDDM</title>", await http.GetStringAsync("/"), StringComparison.Ordinal);
        Assert.Contains("\"certificates\":{\"status\":\"healthy\"", await http.GetStringAsync("/health/ready"), StringComparison.Ordinal);

        // Who speaks no TLS gets nothing, and beyond the limit nobody gets anything.
        using var plain = new HttpClient();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => plain.GetAsync(new Uri(silo.Info.HttpUrl!.Replace("https", "http", StringComparison.Ordinal))));
        var open = new List<HttpResponseMessage>();
        await Assert.ThrowsAnyAsync<HttpRequestException>(async () =>
        {
            for (int i = 0; i < 4; i++)
            {
                open.Add(await http.GetAsync("/api/stream", HttpCompletionOption.ResponseHeadersRead));
            }
        });
        Assert.InRange(open.Count, 1, 3);
        open.ForEach(o => o.Dispose());
    }

    [PostgresFact]
    public async Task Certificate_that_cannot_serve_ends_the_start_with_its_name()
    {
        TlsFiles client = _authority.AddClient("ann"), silo = _authority.AddSilo("127.0.0.1");
        SecurityException e = await Assert.ThrowsAsync<SecurityException>(() => StartAsync(client, connections: 8));
        Assert.Contains("client-ann.pem' is not for servers", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<SecurityException>(() => StartAsync(silo with { Key = client.Key }, connections: 8));
        Assert.Contains("are no pair", e.Message, StringComparison.Ordinal);
    }

    private async Task<ClusterSilo> StartAsync(TlsFiles files, int connections) => await ClusterSilo.StartAsync(
        new ClusterSiloOptions
        {
            Connection = await _database.Value,
            Name = "a",
            Folder = _folder,
            LogLevel = LogLevel.None,
            WebUrl = WebUrl.Parse("https://127.0.0.1:0"),
            WebCertificate = new WebCertificate(files.Certificate, files.Key),
            WebConnections = connections,
            Security = new SecurityPlan { TokenKeys = [_ring.Public] },
        },
        new FakeRuntime());

    private HttpClient Client(ClusterSilo silo)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(_folder.File("pki/ca.pem")));
        return new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
        })
        {
            BaseAddress = new Uri(silo.Info.HttpUrl!),
        };
    }
}
