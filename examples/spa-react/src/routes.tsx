/** The pages and their paths. Guards hide what is not for everybody; that nobody else gets it is up to the API. */
import { createBrowserRouter } from 'react-router'
import { Frame } from './frame.tsx'
import { Admin } from './pages/admin.tsx'
import { CheckMail } from './pages/check-mail.tsx'
import { Forbidden, NotFound } from './pages/no.tsx'
import { Home } from './pages/home.tsx'
import { EditPost, NewPost } from './pages/edit.tsx'
import { Posts } from './pages/posts.tsx'
import { Security } from './pages/security.tsx'
import { SignIn } from './pages/sign-in.tsx'
import { SignUp } from './pages/sign-up.tsx'
import { Private } from './parts/private.tsx'

export const router = createBrowserRouter([
	{
		element: <Frame />,
		children: [
			{ path: '/', element: <Home /> },
			{ path: '/sign-up', element: <SignUp /> },
			{ path: '/check-mail', element: <CheckMail /> },
			{ path: '/sign-in', element: <SignIn /> },
			{ path: '/403', element: <Forbidden /> },
			{ path: '*', element: <NotFound /> },
			{
				element: <Private />,
				children: [
					{ path: '/posts', element: <Posts /> },
					{ path: '/posts/new', element: <NewPost /> },
					{ path: '/posts/:id/edit', element: <EditPost /> },
					{ path: '/security', element: <Security /> },
					{ path: '/admin', element: <Admin /> },
				],
			},
		],
	},
])
