using OrleansDDM.Contracts.Security;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Tokens;
using OrleansDDM.Tests.Grains;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>A key in files, and tokens of it.</summary>
internal sealed class Keyring : IDisposable
{
    private readonly RunFolder _folder;
    private readonly TokenKey _key = TokenKey.Generate();

    public Keyring(RunFolder folder)
    {
        _folder = folder;
        _key.Save(folder.File("ring"));
    }

    /// <summary>The file for silos.</summary>
    public string Public => _folder.File("ring.pub");

    /// <summary>A file with a token.</summary>
    public string Token(Roles role)
    {
        string file = _folder.File("token-" + role);
        SecretFile.Create(file, _key.Issue(role, role.ToString(), TimeSpan.FromHours(1), DateTimeOffset.UtcNow));
        return file;
    }

    public void Dispose() => _key.Dispose();
}
