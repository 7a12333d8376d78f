using System.CommandLine;
using System.Text.Json;

using OrleansDDM.Client.Runs;
using OrleansDDM.Silos.Security.Tls;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm cert init</c> and <c>ddm cert add</c>.</summary>
internal static class CertCommand
{
    private static readonly Option<string> Out = new("--out") { Description = "Folder of the new authority.", HelpName = "DIR", Required = true };

    private static readonly Option<string> In = new("--dir") { Description = "Folder of the authority.", HelpName = "DIR", Required = true };

    private static readonly Option<string[]> Hosts = new("--host")
    {
        Description = "Address of a silo (Silo:Address); may be given several times.",
        HelpName = "IP",
        DefaultValueFactory = _ => [],
    };

    private static readonly Option<string[]> Clients = new("--client") { Description = "Name of a client; may be given several times.", HelpName = "NAME", DefaultValueFactory = _ => [] };

    public static Command Create()
    {
        var init = new Command("init", "Make an authority for one cluster, and certificates of its first members.") { Out, Hosts, Clients, CommonOptions.Format };
        init.SetAction(parsed =>
        {
            using CertificateAuthority authority = CertificateAuthority.Create(parsed.GetValue(Out)!, TimeProvider.System);
            return Add(parsed, authority);
        });
        var add = new Command("add", "Make certificates of further members.") { In, Hosts, Clients, CommonOptions.Format };
        add.SetAction(parsed =>
        {
            using CertificateAuthority authority = CertificateAuthority.Open(parsed.GetValue(In)!, TimeProvider.System);
            return Add(parsed, authority);
        });
        return new Command("cert", "Make the certificates by which silos and clients know each other (TLS).") { init, add };
    }

    private static int Add(ParseResult parsed, CertificateAuthority authority)
    {
        (string Member, TlsFiles Files)[] made =
        [
            .. parsed.GetValue(Hosts)!.Select(h => ("silo " + h, authority.AddSilo(h))),
            .. parsed.GetValue(Clients)!.Select(c => ("client " + c, authority.AddClient(c))),
        ];
        if (parsed.GetValue(CommonOptions.Format) == OutputFormat.Json)
        {
            var members = made.Select(m => new { member = m.Member, authority = m.Files.Authority, certificate = m.Files.Certificate, key = m.Files.Key });
            Console.WriteLine(JsonSerializer.Serialize(new { authority = authority.Folder, members }, StatusText.Json));
            return ExitCode.Ok;
        }

        Console.WriteLine($"Authority: '{authority.Folder}'. ca.key makes members; keep it off the silos. Each member takes ca.pem, its .pem and its .key:");
        foreach ((string member, TlsFiles files) in made)
        {
            Console.WriteLine($"{member,-28}{files.Certificate}  {files.Key}");
        }

        return ExitCode.Ok;
    }
}
