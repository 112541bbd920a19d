/**
 * The bodies of the API, written by `npm run types` from docs/reference/openapi.json. Do not edit it.
 */

export type ClientOptions = {
    baseUrl: `${string}://${string}` | (string & {});
};

export type Account = {
    createdAt: string;
    disabled: boolean;
    email: string;
    emailVerified: boolean;
    id: string;
    name: string;
    roles: Array<string>;
};

export type AccountPage = {
    items: Array<Account>;
    nextCursor: string | null;
};

export type Answer = {
    allowed?: boolean;
    items?: Array<Answer>;
    reason?: string;
    reasons?: Array<string>;
    rule?: string;
};

export type ApiKey = {
    createdAt: string;
    expiresAt: string | null;
    id: string;
    ipAllowlist: Array<string>;
    lastUsedAt: string | null;
    name: string;
    prefix: string;
    scopes: Array<string>;
};

export type ApiKeyPage = {
    items: Array<ApiKey>;
    nextCursor: string | null;
};

export type Captcha = {
    action?: string;
    challenge?: string;
    provider: string;
    siteKey?: string;
};

export type Challenge = {
    parameters: Parameters;
    signature: string;
};

export type Checked = {
    errors: Array<Fault>;
    ok: boolean;
};

export type Client = {
    createdAt: string;
    disabled: boolean;
    id: string;
    name: string;
    roles: Array<string>;
    scopes: Array<string>;
    uri: string;
    usedAt: string | null;
};

export type ClientPage = {
    items: Array<Client>;
    nextCursor: string | null;
};

export type ClientSecret = {
    id: string;
    secret: string;
};

export type Code = {
    code: string;
};

export type Codes = {
    backupCodes: Array<string>;
};

export type CreateUser = {
    email: string;
    emailVerified: boolean;
    name?: string;
    password: string;
    roles?: Array<string>;
};

export type CreatedWebhook = {
    cause: string;
    createdAt: string;
    disabled: boolean;
    failingSince: string | null;
    id: string;
    secret: string;
    types: Array<string>;
    url: string;
};

export type Credential = {
    createdAt: string;
    details?: {
        [key: string]: string;
    };
    id?: string;
    label: string;
    lastUsedAt: string | null;
    method: string;
    remaining?: number;
};

export type CredentialPage = {
    items: Array<Credential>;
    nextCursor: string | null;
};

export type Csrf = {
    csrfToken: string;
};

export type Data = {
    key: string;
    purpose: string;
};

export type Delivery = {
    attempts: number;
    createdAt: string;
    doneAt: string | null;
    error: string;
    event: string;
    id: string;
    nextAttemptAt: string | null;
    state: string;
    status: number | null;
    type: string;
};

export type DeliveryPage = {
    items: Array<Delivery>;
    nextCursor: string | null;
};

export type Device = {
    createdAt: string;
    current: boolean;
    device: string;
    expiresAt: string;
    id: string;
    ip: string;
    lastSeen: string;
    mode: 'token' | 'cookie' | 'cookie-token' | 'native';
    place: string | null;
};

export type DevicePage = {
    items: Array<Device>;
    nextCursor: string | null;
};

export type Difference = {
    count: number;
    last: {
        at: string;
        caller: string;
        nowReason: string;
        requestId: string;
        wouldReason: string;
    };
    now: boolean;
    permission: string;
    route: string;
    would: boolean;
};

export type Enroll = {
    code?: string;
    credential?: {
        [key: string]: unknown;
    };
    label?: string;
    login?: string;
    phone?: string;
};

export type Enrolled = {
    backupCodes?: Array<string>;
    credentials?: Array<Credential>;
    prompt?: Prompt;
};

export type Event = {
    actor: string;
    at: string;
    data: {
        [key: string]: string;
    };
    id: string;
    ip: string;
    org: string | null;
    requestId: string;
    seq: number | null;
    subject: string;
    type: string;
    userAgent: string;
};

export type EventPage = {
    items: Array<Event>;
    nextCursor: string | null;
};

export type Explanation = {
    at: string;
    caller?: string;
    code: string;
    demand: string;
    passes: Array<string>;
    permission?: string;
    reason: string;
    requestId: string;
    roles?: Array<string>;
    route: string;
    scheme?: string;
    scopes?: Array<string>;
    step: string;
};

export type Export = {
    apiKeys: Array<ApiKey>;
    credentials: Array<Credential>;
    events: Array<Event>;
    places: Array<Place>;
    sessions: Array<Device>;
    user: Account;
};

export type Fault = {
    error: string;
    line: number | null;
};

export type Field = {
    autocomplete?: string;
    name: string;
    type: string;
};

export type Grant = {
    actor: string;
    at: string;
    event: string;
    org: string | null;
    role: string;
    type: string;
    user: string;
};

export type GrantPage = {
    items: Array<Grant>;
    nextCursor: string | null;
};

export type Key = {
    alg: string;
    createdAt: string;
    id: string;
    state: string;
    use: string;
};

export type KeySet = {
    keys: Array<{
        [key: string]: string;
    }>;
};

export type Label = {
    label?: string;
    name?: string;
};

export type Link = {
    token: string;
};

export type Logout = {
    refreshToken?: string;
};

export type LogoutAll = {
    except?: string;
};

export type MadeApiKey = {
    createdAt: string;
    expiresAt: string | null;
    id: string;
    key: string;
    name: string;
    oldUntil?: string;
    prefix: string;
    scopes: Array<string>;
};

export type MagicLink = {
    email: string;
    mode?: 'token' | 'cookie' | 'cookie-token' | 'native';
    rememberMe?: boolean;
    returnTo?: string;
};

export type Me = {
    acr: string;
    amr: Array<string>;
    authTime: string;
    org: Membership | null;
    permissions: Array<string>;
    session: MeSession | null;
    user: {
        email: string;
        emailVerified: boolean;
        id: string;
        name: string;
        roles: Array<string>;
    };
};

export type MeSession = {
    createdAt: string;
    expiresAt: string;
    id: string;
};

export type Member = {
    roles: Array<string>;
    since: string;
    user: string;
};

export type MemberPage = {
    items: Array<Member>;
    nextCursor: string | null;
};

export type MemberRoles = {
    roles: Array<string>;
    user: string;
};

export type Membership = {
    id: string;
    name: string;
    roles: Array<string>;
};

export type Message = {
    message: string;
};

export type Metadata = {
    grant_types_supported: Array<string>;
    introspection_endpoint: string;
    introspection_endpoint_auth_methods_supported: Array<string>;
    issuer: string;
    jwks_uri: string;
    response_types_supported: Array<string>;
    revocation_endpoint: string;
    revocation_endpoint_auth_methods_supported: Array<string>;
    token_endpoint: string;
    token_endpoint_auth_methods_supported: Array<string>;
};

export type Methods = {
    captcha: Captcha | null;
    methods: Array<string>;
    password: PasswordRules;
    providers: Array<string>;
    registration: boolean;
    verification: boolean;
};

export type NewApiKey = {
    expiresAt?: string;
    ipAllowlist?: Array<string>;
    name: string;
    scopes?: Array<string>;
};

export type NewClient = {
    name: string;
    roles?: Array<string>;
    scopes?: Array<string>;
    uri?: string;
};

export type NewWebhook = {
    types: Array<string>;
    url: string;
};

export type Org = {
    createdAt: string;
    id: string;
    name: string;
    roles: Array<string>;
};

export type OrgName = {
    name: string;
};

export type OrgPage = {
    items: Array<Org>;
    nextCursor: string | null;
};

export type Parameters = {
    algorithm: string;
    cost: number;
    data: Data;
    expiresAt: number;
    keyLength: number;
    keyPrefix: string;
    nonce: string;
    salt: string;
};

export type Password = {
    currentPassword: string;
    newPassword: string;
};

export type PasswordRules = {
    maxLength: number;
    minLength: number;
};

export type PatchApiKey = {
    expiresAt?: string;
    ipAllowlist?: Array<string>;
    name?: string;
    neverExpires?: boolean;
    scopes?: Array<string>;
};

export type PatchClient = {
    disabled?: boolean;
    name?: string;
    roles?: Array<string>;
    scopes?: Array<string>;
    uri?: string;
};

export type PatchUser = {
    disabled?: boolean;
    name?: string;
};

export type PatchWebhook = {
    disabled?: boolean;
    types?: Array<string>;
    url?: string;
};

export type Phone = {
    phone: string;
};

export type Place = {
    asn?: number;
    country: string | null;
    device: string;
    firstSeen: string;
    lastSeen: string;
    latitude?: number;
    longitude?: number;
    network: string;
    place: string | null;
    radius?: number;
};

export type Policy = {
    id: string | null;
    organizationRoles: {
        [key: string]: Array<string>;
    };
    permissions: Array<string>;
    roles: {
        [key: string]: Array<string>;
    };
    scopes: {
        [key: string]: Array<string>;
    };
    source: string;
    text: string;
};

export type PolicyText = {
    policy: string;
};

export type Problem = {
    code: string;
    enroll?: Array<string>;
    error: string;
    expiresIn?: number;
    fields?: {
        [key: string]: string;
    };
    login?: string;
    requestId: string;
    retryAfter?: number;
};

export type Prompt = {
    ceremony?: {
        [key: string]: unknown;
    };
    fields?: Array<Field>;
    place?: string;
    resendAfter?: number;
    secret?: Shared;
    to?: string;
};

export type Proof = {
    captcha?: string;
    code?: string;
    credential?: {
        [key: string]: unknown;
    };
    login?: string;
    password?: string;
};

export type Question = {
    organization?: string;
    permission?: string;
    resource?: Resource;
};

export type Questions = {
    as?: string;
    organization?: string;
    permission?: string;
    requests?: Array<Question>;
    resource?: Resource;
};

export type Ready = {
    checks: {
        [key: string]: string;
    };
    status: string;
};

export type Recovery = {
    opensAt: string;
    status: string;
};

export type Refresh = {
    active?: boolean;
    refreshToken?: string;
};

export type Register = {
    captcha?: string;
    email: string;
    name?: string;
    password: string;
};

export type Registration = {
    authenticatorAttachment?: string;
    clientExtensionResults?: {
        [key: string]: unknown;
    };
    credential?: {
        [key: string]: unknown;
    };
    id?: string;
    label?: string;
    name?: string;
    rawId?: string;
    response?: {
        [key: string]: unknown;
    };
    type?: string;
};

export type Replay = {
    since: string;
};

export type Replayed = {
    deliveries: number;
};

export type Resend = {
    email: string;
};

export type Reset = {
    password: string;
    token: string;
};

export type Resource = {
    attributes?: {
        [key: string]: unknown;
    };
    id?: string;
    organization?: string;
    owner?: string;
    type?: string;
};

export type Roles = {
    roles: Array<string>;
};

export type Rollback = {
    id: string;
};

export type Rotate = {
    emergency?: boolean;
};

export type RotateApiKey = {
    overlap?: string;
};

export type RotateClient = {
    overlap?: string;
};

export type RotateWebhook = {
    overlap?: string;
};

export type Rotated = {
    keys: Array<Key>;
    status: string;
};

export type RotatedWebhook = {
    previousUntil: string;
    secret: string;
};

export type Sent = {
    resendAfter: number;
    status: string;
    to: string;
};

export type SessionEnds = {
    expiresAt: string;
    id: string;
};

export type Shadow = {
    actor: string;
    createdAt: string;
    decided: number;
    differences: Array<Difference>;
    failed: number;
    fault: string | null;
    id: string;
    others: number;
    state: string;
    text?: string;
};

export type Shared = {
    key: string;
    otpauthUrl: string;
    svg: string;
};

export type SignIn = {
    captcha?: string;
    email: string;
    mode?: 'token' | 'cookie' | 'cookie-token' | 'native';
    password: string;
    rememberDevice?: boolean;
    rememberMe?: boolean;
    returnTo?: string;
};

export type SignedIn = {
    accessToken?: string;
    backupCodes?: Array<string>;
    expiresIn?: number;
    login?: string;
    mfaRequired?: boolean;
    next?: Array<string>;
    permissions?: Array<string>;
    prompt?: Prompt;
    refreshToken?: string;
    session?: SessionEnds;
    tokenType?: string;
    user?: User;
};

export type State = {
    status: string;
};

export type Step = {
    captcha?: string;
    code?: string;
    credential?: {
        [key: string]: unknown;
    };
    email?: string;
    login?: string;
    mode?: 'token' | 'cookie' | 'cookie-token' | 'native';
    password?: string;
    rememberDevice?: boolean;
    rememberMe?: boolean;
    returnTo?: string;
};

export type StepUp = {
    captcha?: string;
    password?: string;
};

export type StoredPolicy = {
    actor: string;
    createdAt: string;
    id: string;
    state: string;
    text?: string;
};

export type StoredPolicyPage = {
    items: Array<StoredPolicy>;
    nextCursor: string | null;
};

export type Token = {
    accessToken: string;
    expiresIn: number;
    permissions?: Array<string>;
    session: SessionEnds | null;
    tokenType: string;
    user: User;
};

export type Totp = {
    otpauthUrl: string;
    qrDataUrl: string;
    secret: string;
};

export type User = {
    email: string;
    id: string;
    name: string;
    roles: Array<string>;
};

export type UserRoles = {
    history: GrantPage;
    organizations: Array<Membership>;
    roles: Array<string>;
};

export type Verify = {
    password?: string;
    token: string;
};

export type Want = {
    org?: string;
    scope?: string;
};

export type Webhook = {
    cause: string;
    createdAt: string;
    disabled: boolean;
    failingSince: string | null;
    id: string;
    types: Array<string>;
    url: string;
};

export type WebhookPage = {
    items: Array<Webhook>;
    nextCursor: string | null;
};
